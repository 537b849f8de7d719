// client TOKEN_ENDPOINT CLIENT_ID CLIENT_SECRET MODE…   crate oauth2 with ureq; MODE: basic, body
use oauth2::basic::BasicClient;
use oauth2::ureq::http_client;
use oauth2::{AuthType, AuthUrl, ClientId, ClientSecret, TokenResponse, TokenUrl};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (endpoint, id, secret) = (&args[1], &args[2], &args[3]);
    for mode in &args[4..] {
        let client = BasicClient::new(
            ClientId::new(id.clone()),
            Some(ClientSecret::new(secret.clone())),
            AuthUrl::new(endpoint.clone()).unwrap(),
            Some(TokenUrl::new(endpoint.clone()).unwrap()),
        )
        .set_auth_type(if mode == "body" { AuthType::RequestBody } else { AuthType::BasicAuth });
        let token = client.exchange_client_credentials().request(http_client).unwrap();
        assert!(token.expires_in().unwrap().as_secs() > 60);
        println!("{}", token.access_token().secret());
    }
}
