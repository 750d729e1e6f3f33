//! One translation after another comes to what one alone does, in whatever order objects come.

use super::support::{Document, objects, put, remove};
use crate::control::{
    Objects,
    translate::{TranslateSettings, Translator},
};

/// Brings documents one by one, in several orders, with a translation after each; takes them away
/// again; and compares at every step with a translator that sees nothing but the moment.
pub(super) fn every_order_comes_to_the_same(documents: &[Document], settings: &TranslateSettings) {
    let expected = Translator::new(settings.clone()).translate(&objects(documents));
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..3 {
        let mut shuffled = documents.to_vec();
        random.shuffle(&mut shuffled);
        let mut translator = Translator::new(settings.clone());
        let mut world = Objects::default();
        let mut revision = 0;
        for document in &shuffled {
            revision += 1;
            put(&mut world, document, revision);
            let step = translator.translate(&world);
            let alone = Translator::new(settings.clone()).translate(&world);
            assert_eq!(step.config, alone.config);
            assert_eq!(step.problems, alone.problems);
        }
        let last = translator.translate(&world);
        assert_eq!(last.config, expected.config);
        assert_eq!(last.problems, expected.problems);
        for document in &shuffled {
            remove(&mut world, document);
            let step = translator.translate(&world);
            let alone = Translator::new(settings.clone()).translate(&world);
            assert_eq!(step.config, alone.config);
            assert_eq!(step.problems, alone.problems);
        }
    }
}
