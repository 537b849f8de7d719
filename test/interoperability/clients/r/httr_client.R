# Rscript httr_client.R TOKEN_ENDPOINT CLIENT_ID CLIENT_SECRET MODE…   httr; MODE: basic, body
suppressMessages(library(httr))
args <- commandArgs(TRUE)
app <- oauth_app("client", args[2], args[3])
endpoint <- oauth_endpoint(authorize = NULL, access = args[1])
for (mode in args[-(1:3)]) {
  token <- oauth2.0_token(endpoint, app, client_credentials = TRUE, use_basic_auth = mode == "basic", cache = FALSE)
  cat(token$credentials$access_token, "\n", sep = "")
}
