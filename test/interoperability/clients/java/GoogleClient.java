// java -cp … GoogleClient.java TOKEN_ENDPOINT CLIENT_ID CLIENT_SECRET MODE…   google-oauth-client; MODE: basic, post
import com.google.api.client.auth.oauth2.ClientCredentialsTokenRequest;
import com.google.api.client.auth.oauth2.ClientParametersAuthentication;
import com.google.api.client.auth.oauth2.TokenResponse;
import com.google.api.client.http.BasicAuthentication;
import com.google.api.client.http.GenericUrl;
import com.google.api.client.http.HttpTransport;
import com.google.api.client.http.javanet.NetHttpTransport;
import com.google.api.client.json.gson.GsonFactory;

public class GoogleClient {
  public static void main(String[] args) throws Exception {
    HttpTransport transport = new NetHttpTransport();
    for (int i = 3; i < args.length; i++) {
      TokenResponse response =
        new ClientCredentialsTokenRequest(transport, GsonFactory.getDefaultInstance(), new GenericUrl(args[0]))
          .setClientAuthentication(args[i].equals("post")
            ? new ClientParametersAuthentication(args[1], args[2])
            : new BasicAuthentication(args[1], args[2]))
          .execute();
      if (response.getExpiresInSeconds() < 60) throw new Exception("expires_in " + response.getExpiresInSeconds());
      System.out.println(response.getAccessToken());
    }
  }
}
