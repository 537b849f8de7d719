# Rscript httr2_client.R TOKEN_ENDPOINT CLIENT_ID CLIENT_SECRET MODE…   httr2; MODE: header, body
suppressMessages(library(httr2))
args <- commandArgs(TRUE)
for (mode in args[-(1:3)]) {
  client <- oauth_client(args[2], args[1], args[3], auth = mode)
  token <- oauth_flow_client_credentials(client)
  stopifnot(token$expires_at > as.numeric(Sys.time()) + 60)
  cat(token$access_token, "\n", sep = "")
}
