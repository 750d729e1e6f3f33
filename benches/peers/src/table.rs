//! The tables: medians, ratios of medians' pairs, and what the figures rest on.

use crate::{
    cases::Case,
    measure::{Counters, Measure},
    sample::Sample,
};

/// All samples of one case, a list a proxy in the order of the names.
pub(crate) struct Row {
    pub case: Case,
    pub samples: Vec<Vec<Sample>>,
}

/// Share of its core above which the load itself may be what is measured.
const LOAD_BOUND: f64 = 0.70;

/// Prints the table of one placement of the processes.
pub(crate) fn print(title: &str, measure: Measure, names: &[&str], rows: &[Row]) {
    println!("\n## {title}\n");
    println!(
        "Figures: {}, median (half the interquartile range).",
        measure.describe()
    );
    let subject = names
        .iter()
        .rposition(|name| name.starts_with("portcullis"))
        .or_else(|| names.iter().rposition(|name| *name == "relay"));
    let rivals: Vec<usize> = (0..names.len())
        .filter(|index| Some(*index) != subject && names[*index] != "relay")
        .collect();
    let mut head: Vec<String> = vec!["case".into()];
    head.extend(names.iter().map(|name| (*name).to_owned()));
    if let Some(subject) = subject {
        head.extend(
            rivals
                .iter()
                .map(|rival| format!("{} / {}", names[subject], names[*rival])),
        );
    }
    line(&head);
    println!("|{}", "---|".repeat(head.len()));
    let mut means = vec![Vec::new(); rivals.len()];
    for row in rows {
        let mut cells = vec![row.case.name.clone()];
        for samples in &row.samples {
            let costs: Vec<f64> = samples.iter().map(|sample| sample.cost / 1e3).collect();
            cells.push(match spread(&costs) {
                Some((median, half)) => format!("{median:.1} ({half:.1})"),
                None => "-".into(),
            });
        }
        if let Some(subject) = subject {
            for (position, rival) in rivals.iter().enumerate() {
                let ratio = ratio(&row.samples[subject], &row.samples[*rival]);
                if let Some(ratio) = ratio
                    && row.case.is_plain()
                {
                    means[position].push(ratio);
                }
                cells.push(ratio.map_or("-".into(), |ratio| format!("{ratio:.2}")));
            }
        }
        line(&cells);
    }
    if subject.is_some() {
        let mut cells = vec![String::new(); names.len() + 1];
        cells[0] = "plain HTTP/1.1, geometric mean".into();
        cells.extend(means.iter().map(|ratios| match ratios.len() {
            0 => "-".into(),
            count => {
                let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
                format!("{:.2}", (sum / count as f64).exp())
            }
        }));
        line(&cells);
    }
    conditions(names, rows);
}

/// Prints what every window looked like, and what makes figures doubtful.
fn conditions(names: &[&str], rows: &[Row]) {
    println!("\nConditions, medians: requests/s; share of the window on a core of proxy, load,");
    println!(
        "backend; share of the proxy's time in user mode; thousands of instructions user+kernel.\n"
    );
    let mut head = vec!["case".to_owned()];
    head.extend(names.iter().map(|name| (*name).to_owned()));
    line(&head);
    println!("|{}", "---|".repeat(head.len()));
    let mut doubtful = Vec::new();
    for row in rows {
        let mut cells = vec![row.case.name.clone()];
        for (name, samples) in names.iter().zip(&row.samples) {
            let of = |value: fn(&Sample) -> f64| {
                let values: Vec<f64> = samples.iter().map(value).collect();
                spread(&values).map_or(0.0, |spread| spread.0)
            };
            if samples.is_empty() {
                cells.push("-".into());
                continue;
            }
            let load = of(|sample| sample.load);
            if load > LOAD_BOUND {
                doubtful.push(format!("{name}, {} ({:.0} %)", row.case.name, load * 100.0));
            }
            let counted = samples.iter().all(|sample| sample.counters.is_some());
            let instructions = counted.then(|| {
                let user = of(|sample| per_request(sample, |count| count.instructions_user));
                let kernel = of(|sample| per_request(sample, |count| count.instructions_kernel));
                format!(" I={user:.1}+{kernel:.1}")
            });
            cells.push(format!(
                "{:.0}/s p={:.0} l={:.0} b={:.0} u={:.0} %{}",
                of(|sample| sample.rate),
                of(|sample| sample.proxy) * 100.0,
                load * 100.0,
                of(|sample| sample.backend) * 100.0,
                of(|sample| sample.user) * 100.0,
                instructions.unwrap_or_default(),
            ));
        }
        line(&cells);
    }
    if doubtful.is_empty() {
        println!(
            "\nThe load used less than {:.0} % of its core throughout.",
            LOAD_BOUND * 100.0
        );
    } else {
        println!(
            "\nThe load used more than {:.0} % of its core, so that the rate (not the cost a \
             request) is its own, in: {}.",
            LOAD_BOUND * 100.0,
            doubtful.join("; ")
        );
    }
}

/// Thousands of one hardware count a request.
fn per_request(sample: &Sample, count: fn(&Counters) -> u64) -> f64 {
    let counted = sample.counters.as_ref().map_or(0, count);
    counted as f64 / sample.requests as f64 / 1e3
}

/// The median over repetitions of `subject`'s cost over `rival`'s in the same repetition.
fn ratio(subject: &[Sample], rival: &[Sample]) -> Option<f64> {
    let ratios: Vec<f64> = subject
        .iter()
        .zip(rival)
        .map(|(subject, rival)| subject.cost / rival.cost)
        .collect();
    spread(&ratios).map(|spread| spread.0)
}

/// Median and half the interquartile range; `None` of nothing.
pub(crate) fn spread(values: &[f64]) -> Option<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let at = |part: f64| {
        let place = part * last as f64;
        let (low, high) = (
            sorted[place.floor() as usize],
            sorted[place.ceil() as usize],
        );
        low + (high - low) * place.fract()
    };
    Some((at(0.5), (at(0.75) - at(0.25)) / 2.0))
}

fn line(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn a_spread_is_the_median_and_half_the_interquartile_range() {
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[4.0]), Some((4.0, 0.0)));
        assert_eq!(spread(&[9.0, 1.0]), Some((5.0, 2.0)));
        assert_eq!(spread(&[5.0, 1.0, 3.0, 2.0, 4.0]), Some((3.0, 1.0)));
    }
}
