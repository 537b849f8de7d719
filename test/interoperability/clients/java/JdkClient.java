// java JdkClient.java TOKEN_ENDPOINT CLIENT_ID CLIENT_SECRET MODE…   the JDK's own clients; MODE: http-client or
// url-connection, also with -authenticator (answers the challenge), -expect or -chunked
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Authenticator;
import java.net.HttpURLConnection;
import java.net.PasswordAuthentication;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class JdkClient {
  static final String FORM = "grant_type=client_credentials";
  static final String FORM_TYPE = "application/x-www-form-urlencoded";

  public static void main(String[] args) throws Exception {
    URI endpoint = URI.create(args[0]);
    String basic = "Basic " + Base64.getEncoder().encodeToString((args[1] + ":" + args[2]).getBytes());
    Authenticator authenticator = new Authenticator() {
      protected PasswordAuthentication getPasswordAuthentication() {
        return new PasswordAuthentication(args[1], args[2].toCharArray());
      }
    };
    for (int i = 3; i < args.length; i++) {
      String body = args[i].startsWith("http-client")
        ? httpClient(endpoint, args[i], basic, authenticator)
        : urlConnection(endpoint, args[i], basic, authenticator);
      Matcher token = Pattern.compile("\"access_token\":\"([^\"]+)\"").matcher(body);
      if (!token.find()) throw new Exception(body);
      System.out.println(token.group(1));
    }
  }

  /** Asks for HTTP/2 by default: over http with an Upgrade header. */
  static String httpClient(URI endpoint, String mode, String basic, Authenticator authenticator) throws Exception {
    HttpClient.Builder client = HttpClient.newBuilder();
    HttpRequest.Builder request = HttpRequest.newBuilder(endpoint)
      .header("Content-Type", FORM_TYPE)
      .POST(HttpRequest.BodyPublishers.ofString(FORM));
    if (mode.endsWith("-authenticator")) client.authenticator(authenticator);
    else request.header("Authorization", basic);
    if (mode.endsWith("-expect")) request.expectContinue(true);
    return client.build().send(request.build(), HttpResponse.BodyHandlers.ofString()).body();
  }

  static String urlConnection(URI endpoint, String mode, String basic, Authenticator authenticator) throws Exception {
    HttpURLConnection connection = (HttpURLConnection) endpoint.toURL().openConnection();
    connection.setDoOutput(true);
    connection.setRequestProperty("Content-Type", FORM_TYPE);
    if (mode.endsWith("-authenticator")) connection.setAuthenticator(authenticator);
    else connection.setRequestProperty("Authorization", basic);
    if (mode.endsWith("-chunked")) connection.setChunkedStreamingMode(10);
    try (OutputStream output = connection.getOutputStream()) {
      output.write(FORM.getBytes());
    }
    try (InputStream input = connection.getInputStream()) {
      return new String(input.readAllBytes());
    }
  }
}
