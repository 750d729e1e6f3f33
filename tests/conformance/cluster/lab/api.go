package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// api is a client of the API server, with an administrator's rights.
type api struct {
	client *http.Client
}

func newAPI(keys *keys) *api {
	return &api{client: &http.Client{Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: keys.authority, Certificates: []tls.Certificate{keys.client}},
		MaxIdleConnsPerHost: 16,
	}}}
}

// refused is an answer with a status from 400 on.
type refused struct {
	status int
	body   string
}

func (r *refused) Error() string {
	return fmt.Sprintf("%d: %s", r.status, r.body)
}

func isStatus(err error, status int) bool {
	answer, ok := err.(*refused)
	return ok && answer.status == status
}

func (a *api) get(path string, into any) error {
	return a.do(http.MethodGet, path, "", nil, into)
}

func (a *api) create(path string, body, into any) error {
	return a.do(http.MethodPost, path, "application/json", body, into)
}

func (a *api) patch(path string, body any) error {
	return a.do(http.MethodPatch, path, "application/merge-patch+json", body, nil)
}

func (a *api) remove(path string, body any) error {
	return a.do(http.MethodDelete, path, "application/json", body, nil)
}

func (a *api) do(method, path, kind string, body, into any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	answer, err := a.send(ctx, method, path, kind, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if into == nil {
		_, err = io.Copy(io.Discard, answer.Body)
		return err
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

func (a *api) send(ctx context.Context, method, path, kind string, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, "https://"+hostAddress+path, content)
	if err != nil {
		return nil, err
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	answer, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= 400 {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
		answer.Body.Close()
		return nil, &refused{answer.StatusCode, string(text)}
	}
	return answer, nil
}

// follow keeps all objects under a path, and calls `changed` with them after each change, one call at a
// time, for ever. After a failure it lists anew.
func follow[T any](a *api, path string, changed func(map[string]T)) {
	for {
		if err := followOnce(a, path, changed); err != nil {
			time.Sleep(200 * time.Millisecond)
		}
	}
}

type meta struct {
	Name              string            `json:"name"`
	Namespace         string            `json:"namespace"`
	UID               string            `json:"uid"`
	ResourceVersion   string            `json:"resourceVersion"`
	Generation        int64             `json:"generation"`
	Labels            map[string]string `json:"labels"`
	Annotations       map[string]string `json:"annotations"`
	DeletionTimestamp *time.Time        `json:"deletionTimestamp"`
	DeletionGrace     *int64            `json:"deletionGracePeriodSeconds"`
}

func followOnce[T any](a *api, path string, changed func(map[string]T)) error {
	var list struct {
		Metadata meta              `json:"metadata"`
		Items    []json.RawMessage `json:"items"`
	}
	if err := a.get(path, &list); err != nil {
		return err
	}
	objects := map[string]T{}
	put := func(raw json.RawMessage, deleted bool) error {
		var named struct {
			Metadata meta `json:"metadata"`
		}
		if err := json.Unmarshal(raw, &named); err != nil {
			return err
		}
		if deleted {
			delete(objects, named.Metadata.UID)
			return nil
		}
		var object T
		if err := json.Unmarshal(raw, &object); err != nil {
			return err
		}
		objects[named.Metadata.UID] = object
		return nil
	}
	for _, raw := range list.Items {
		if err := put(raw, false); err != nil {
			return err
		}
	}
	changed(objects)

	query := url.Values{"watch": {"1"}, "resourceVersion": {list.Metadata.ResourceVersion}}
	answer, err := a.send(context.Background(), http.MethodGet, path+"?"+query.Encode(), "", nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	events := json.NewDecoder(answer.Body)
	for {
		var event struct {
			Type   string          `json:"type"`
			Object json.RawMessage `json:"object"`
		}
		if err := events.Decode(&event); err != nil {
			return err
		}
		if event.Type == "ERROR" {
			return fmt.Errorf("the watch of %s: %s", path, event.Object)
		}
		if err := put(event.Object, event.Type == "DELETED"); err != nil {
			return err
		}
		changed(objects)
	}
}

func listening(address string) bool {
	connection, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		connection.Close()
	}
	return err == nil
}

// once tells repeated messages apart from new ones, so that a retried step is told of once.
type once struct {
	sync.Mutex
	last string
}

func (o *once) isNew(text string) bool {
	o.Lock()
	defer o.Unlock()
	isNew := o.last != text
	o.last = text
	return isNew
}
