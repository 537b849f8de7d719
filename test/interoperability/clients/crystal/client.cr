# client TOKEN_ENDPOINT CLIENT_ID CLIENT_SECRET MODE…   Crystal's OAuth2::Client; MODE: basic, body
require "oauth2"

endpoint = URI.parse(ARGV[0])
ARGV[3..].each do |mode|
  client = OAuth2::Client.new(
    endpoint.host.not_nil!, ARGV[1], ARGV[2],
    port: endpoint.port, scheme: endpoint.scheme.not_nil!, token_uri: endpoint.path,
    auth_scheme: mode == "body" ? OAuth2::AuthScheme::RequestBody : OAuth2::AuthScheme::HTTPBasic,
  )
  token = client.get_access_token_using_client_credentials
  raise "expires_in #{token.expires_in}" unless token.expires_in.not_nil! > 60
  puts token.access_token
end
