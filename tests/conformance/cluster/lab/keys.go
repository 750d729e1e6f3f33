package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// keys are the cluster's: of its authority, of the API server, of an administrator, and of tokens.
type keys struct {
	folder     string
	authority  *x509.CertPool
	client     tls.Certificate
	kubeconfig string
}

// makeKeys makes new keys in a folder; they are good for a day.
func makeKeys(folder string) (*keys, error) {
	made := &keys{folder: filepath.Join(folder, "keys"), authority: x509.NewCertPool()}
	if err := os.MkdirAll(made.folder, 0o700); err != nil {
		return nil, err
	}
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	root := template("lab")
	root.IsCA, root.BasicConstraintsValid = true, true
	root.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	rootBytes, err := x509.CreateCertificate(rand.Reader, root, root, signer.Public(), signer)
	if err != nil {
		return nil, err
	}
	authority, err := x509.ParseCertificate(rootBytes)
	if err != nil {
		return nil, err
	}
	made.authority.AddCert(authority)
	if err := made.write("ca.crt", "CERTIFICATE", rootBytes); err != nil {
		return nil, err
	}

	server := template("kube-apiserver")
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	server.IPAddresses = []net.IP{net.ParseIP(hostAddress), net.ParseIP("127.0.0.1"), net.ParseIP("10.96.0.1")}
	server.DNSNames = []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	administrator := template("administrator")
	administrator.Subject.Organization = []string{"system:masters"}
	administrator.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for name, wanted := range map[string]*x509.Certificate{"server": server, "administrator": administrator} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		certificate, err := x509.CreateCertificate(rand.Reader, wanted, authority, key.Public(), signer)
		if err != nil {
			return nil, err
		}
		if err := made.write(name+".crt", "CERTIFICATE", certificate); err != nil {
			return nil, err
		}
		if err := made.writeKey(name+".key", key); err != nil {
			return nil, err
		}
	}
	tokens, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if err := made.writeKey("tokens.key", tokens); err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(tokens.Public())
	if err != nil {
		return nil, err
	}
	if err := made.write("tokens.pub", "PUBLIC KEY", public); err != nil {
		return nil, err
	}
	made.client, err = tls.LoadX509KeyPair(made.path("administrator.crt"), made.path("administrator.key"))
	if err != nil {
		return nil, err
	}
	return made, made.writeKubeconfig()
}

func (k *keys) path(name string) string {
	return filepath.Join(k.folder, name)
}

func (k *keys) writeKey(name string, key crypto.PrivateKey) error {
	bytes, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return k.write(name, "PRIVATE KEY", bytes)
}

func (k *keys) write(name, kind string, bytes []byte) error {
	return os.WriteFile(k.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600)
}

func (k *keys) writeKubeconfig() error {
	inline := func(name string) string {
		contents, err := os.ReadFile(k.path(name))
		if err != nil {
			return ""
		}
		return base64.StdEncoding.EncodeToString(contents)
	}
	k.kubeconfig = k.path("kubeconfig")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: lab
contexts: [{name: lab, context: {cluster: lab, user: administrator}}]
clusters: [{name: lab, cluster: {server: "https://%s", certificate-authority-data: %s}}]
users: [{name: administrator, user: {client-certificate-data: %s, client-key-data: %s}}]
`, hostAddress, inline("ca.crt"), inline("administrator.crt"), inline("administrator.key"))
	return os.WriteFile(k.kubeconfig, []byte(text), 0o600)
}

func template(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		serial = big.NewInt(1)
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}
