// client TOKEN_ENDPOINT CLIENT_ID CLIENT_SECRET MODE   C++ REST SDK; MODE: basic, post, credentials (answers the challenge)
#include <cpprest/http_client.h>
#include <iostream>

using namespace web::http;

int main(int count, char **argument) {
  if (count != 5) return 2;
  const std::string id = argument[2], secret = argument[3], mode = argument[4];
  client::http_client_config config;
  if (mode == "credentials") config.set_credentials(client::credentials(id, secret));
  std::string form = "grant_type=client_credentials";
  if (mode == "post") form += "&client_id=" + id + "&client_secret=" + secret;
  http_request request(methods::POST);
  request.set_body(form, "application/x-www-form-urlencoded");
  if (mode == "basic") {
    const std::string pair = id + ":" + secret;
    const std::vector<unsigned char> bytes(pair.begin(), pair.end());
    request.headers().add("Authorization", "Basic " + utility::conversions::to_base64(bytes));
  }
  client::http_client client(argument[1], config);
  const auto response = client.request(request).get();
  const auto body = response.extract_json().get();
  if (response.status_code() != status_codes::OK) {
    std::cerr << response.status_code() << " " << body.serialize();
    return 1;
  }
  std::cout << body.at("access_token").as_string() << std::endl;
}
