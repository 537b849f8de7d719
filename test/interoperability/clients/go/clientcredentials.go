// go run main.go TOKEN_ENDPOINT CLIENT_ID CLIENT_SECRET [auto|header|params]   golang.org/x/oauth2/clientcredentials
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

type counting struct {
	n  int
	rt http.RoundTripper
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) { c.n++; return c.rt.RoundTrip(r) }

func main() {
	mode := "auto"
	if len(os.Args) > 4 {
		mode = os.Args[4]
	}
	pool := x509.NewCertPool()
	if pem, err := os.ReadFile(os.Getenv("CA")); err == nil {
		pool.AppendCertsFromPEM(pem)
	}
	count := &counting{rt: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool}}}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{Transport: count})
	conf := clientcredentials.Config{ClientID: os.Args[2], ClientSecret: os.Args[3], TokenURL: os.Args[1],
		AuthStyle: map[string]oauth2.AuthStyle{"auto": oauth2.AuthStyleAutoDetect, "header": oauth2.AuthStyleInHeader, "params": oauth2.AuthStyleInParams}[mode]}
	if s := os.Getenv("SCOPE"); s != "" {
		conf.Scopes = strings.Split(s, " ")
	}
	conf.EndpointParams = url.Values{}
	for _, p := range []string{"RESOURCE", "AUDIENCE"} {
		if v := os.Getenv(p); v != "" {
			conf.EndpointParams.Set(strings.ToLower(p), v)
		}
	}
	source := conf.TokenSource(ctx)
	for i := 0; i < 3; i++ {
		t, err := source.Token()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if !t.Valid() || t.Expiry.Before(time.Now().Add(time.Minute)) || t.Type() != "Bearer" {
			fmt.Fprintln(os.Stderr, "bad expiry or type", t.Expiry, t.Type())
			os.Exit(1)
		}
		if i == 2 {
			fmt.Println(t.AccessToken)
		}
	}
	if count.n != 1 {
		fmt.Fprintln(os.Stderr, "requests made:", count.n)
		os.Exit(1)
	}
}
