package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// writeVolumes writes the pod's volumes into its folder. Each call writes all of them anew.
func (w *worker) writeVolumes() error {
	for _, v := range w.pod.Spec.Volumes {
		folder := w.volume(v.Name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		if err := w.fill(v, folder); err != nil {
			return fmt.Errorf("volume %s: %w", v.Name, err)
		}
	}
	return nil
}

func (w *worker) volume(name string) string {
	return filepath.Join(w.folder, "volumes", name)
}

func (w *worker) fill(v volume, folder string) error {
	switch {
	case v.EmptyDir != nil:
		group := -1
		if c := w.pod.Spec.SecurityContext; c != nil && c.FSGroup != nil {
			group = *c.FSGroup
		}
		if err := os.Chown(folder, -1, group); err != nil {
			return err
		}
		return os.Chmod(folder, 0o777|os.ModeSetgid)
	case v.ConfigMap != nil:
		return w.fillConfigMap(v.ConfigMap, folder)
	case v.Secret != nil:
		var secret struct {
			Data map[string]string `json:"data"`
		}
		if err := w.object("secrets", v.Secret.SecretName, &secret); err != nil {
			return err
		}
		data := map[string]string{}
		for key, encoded := range secret.Data {
			value, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				return err
			}
			data[key] = string(value)
		}
		return fillItems(data, v.Secret.Items, folder)
	case v.Projected != nil:
		for _, source := range v.Projected.Sources {
			if err := w.project(source, folder); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("its kind is not known here")
}

func (w *worker) object(plural, name string, into any) error {
	return w.kubelet.api.get("/api/v1/namespaces/"+w.pod.Metadata.Namespace+"/"+plural+"/"+name, into)
}

func (w *worker) fillConfigMap(source *configMap, folder string) error {
	var found struct {
		Data map[string]string `json:"data"`
	}
	if err := w.object("configmaps", source.Name, &found); err != nil {
		return err
	}
	return fillItems(found.Data, source.Items, folder)
}

func fillItems(data map[string]string, items []item, folder string) error {
	if len(items) == 0 {
		for key := range data {
			items = append(items, item{key, key})
		}
	}
	for _, wanted := range items {
		value, ok := data[wanted.Key]
		if !ok {
			return fmt.Errorf("there is no key %s", wanted.Key)
		}
		if err := writeInto(folder, wanted.Path, value); err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) project(source projection, folder string) error {
	switch {
	case source.ConfigMap != nil:
		return w.fillConfigMap(source.ConfigMap, folder)
	case source.ServiceAccountToken != nil:
		token, err := w.token(source.ServiceAccountToken.Audience, source.ServiceAccountToken.ExpirationSeconds)
		if err != nil {
			return err
		}
		return writeInto(folder, source.ServiceAccountToken.Path, token)
	case source.DownwardAPI != nil:
		for _, wanted := range source.DownwardAPI.Items {
			value, err := w.field(wanted.FieldRef.FieldPath)
			if err != nil {
				return err
			}
			if err := writeInto(folder, wanted.Path, value); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("a source of it is not known here")
}

// token is one of the pod's account; a run is over long before it is no longer good.
func (w *worker) token(audience string, seconds int64) (string, error) {
	spec := map[string]any{
		"expirationSeconds": max(seconds, 3600),
		"boundObjectRef": map[string]string{
			"apiVersion": "v1", "kind": "Pod", "name": w.pod.Metadata.Name, "uid": w.pod.Metadata.UID,
		},
	}
	if audience != "" {
		spec["audiences"] = []string{audience}
	}
	request := map[string]any{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
	var answer struct {
		Status struct {
			Token string `json:"token"`
		} `json:"status"`
	}
	path := "/api/v1/namespaces/" + w.pod.Metadata.Namespace + "/serviceaccounts/" + w.pod.Spec.ServiceAccountName + "/token"
	err := w.kubelet.api.create(path, request, &answer)
	return answer.Status.Token, err
}

// field is what the downward API says.
func (w *worker) field(path string) (string, error) {
	metadata := w.pod.Metadata
	for prefix, values := range map[string]map[string]string{
		"metadata.labels['": metadata.Labels, "metadata.annotations['": metadata.Annotations,
	} {
		if key, ok := strings.CutPrefix(path, prefix); ok {
			return values[strings.TrimSuffix(key, "']")], nil
		}
	}
	switch path {
	case "metadata.name":
		return metadata.Name, nil
	case "metadata.namespace":
		return metadata.Namespace, nil
	case "metadata.uid":
		return metadata.UID, nil
	case "spec.nodeName":
		return w.pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return w.pod.Spec.ServiceAccountName, nil
	case "status.podIP":
		return w.address, nil
	case "status.hostIP":
		return hostAddress, nil
	}
	return "", fmt.Errorf("the field %s is not known here", path)
}

func writeInto(folder, path, value string) error {
	file := filepath.Join(folder, filepath.Clean("/"+path))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(value), 0o644)
}
