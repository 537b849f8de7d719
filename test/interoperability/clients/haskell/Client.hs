{-# LANGUAGE OverloadedStrings #-}
-- client TOKEN_ENDPOINT CLIENT_ID CLIENT_SECRET MODE…   hoauth2; MODE: basic, post
import Control.Monad (forM_)
import Control.Monad.Trans.Except (runExceptT)
import qualified Data.ByteString.Char8 as Bytes
import qualified Data.Text as Text
import qualified Data.Text.IO as Text
import Network.HTTP.Conduit (newManager, tlsManagerSettings)
import Network.OAuth.OAuth2
import Network.OAuth.OAuth2.TokenRequest (Errors, clientSecretPost, doJSONPostRequest)
import System.Environment (getArgs)
import System.Exit (exitFailure)
import URI.ByteString (parseURI, strictURIParserOptions)

main :: IO ()
main = do
  (endpoint : clientId : secret : modes) <- getArgs
  let Right uri = parseURI strictURIParserOptions (Bytes.pack endpoint)
      client = OAuth2
        { oauth2ClientId = Text.pack clientId
        , oauth2ClientSecret = Text.pack secret
        , oauth2AuthorizeEndpoint = uri
        , oauth2TokenEndpoint = uri
        , oauth2RedirectUri = uri
        }
  manager <- newManager tlsManagerSettings
  forM_ modes $ \mode -> do
    let grant = ("grant_type", "client_credentials")
        fields = if mode == "post" then grant : clientSecretPost client else [grant]
    result <- runExceptT (doJSONPostRequest manager client uri fields)
    case result :: Either (OAuth2Error Errors) OAuth2Token of
      Right token -> Text.putStrLn (atoken (accessToken token))
      Left failure -> print failure >> exitFailure
