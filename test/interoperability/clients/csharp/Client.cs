// mono client TOKEN_ENDPOINT CLIENT_ID CLIENT_SECRET MODE…   MODE: httpclient, webrequest, webclient, or one of them with
// -credentials, which answers the challenge
using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

class Client {
  const string Form = "grant_type=client_credentials";

  static void Main(string[] args) {
    for (int i = 3; i < args.Length; i++) {
      string body = Fetch(args[i], new Uri(args[0]), new NetworkCredential(args[1], args[2]));
      Console.WriteLine(Regex.Match(body, "\"access_token\":\"([^\"]+)\"").Groups[1].Value);
    }
  }

  static string Fetch(string mode, Uri endpoint, NetworkCredential credential) {
    bool challenged = mode.EndsWith("-credentials");
    string basic = Convert.ToBase64String(Encoding.UTF8.GetBytes(credential.UserName + ":" + credential.Password));
    if (mode.StartsWith("httpclient")) {
      var handler = new HttpClientHandler();
      if (challenged) handler.Credentials = credential;
      var client = new HttpClient(handler);
      if (!challenged) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", basic);
      var fields = new Dictionary<string, string> { { "grant_type", "client_credentials" } };
      var response = client.PostAsync(endpoint, new FormUrlEncodedContent(fields)).Result;
      return response.EnsureSuccessStatusCode().Content.ReadAsStringAsync().Result;
    }
    if (mode.StartsWith("webclient")) {
      var client = new WebClient();
      client.Headers["Content-Type"] = "application/x-www-form-urlencoded";
      if (challenged) client.Credentials = credential;
      else client.Headers["Authorization"] = "Basic " + basic;
      return client.UploadString(endpoint, Form);
    }
    var request = (HttpWebRequest)WebRequest.Create(endpoint);
    request.Method = "POST";
    request.ContentType = "application/x-www-form-urlencoded";
    if (challenged) request.Credentials = credential;
    else request.Headers["Authorization"] = "Basic " + basic;
    using (var writer = new StreamWriter(request.GetRequestStream())) writer.Write(Form);
    using (var reader = new StreamReader(request.GetResponse().GetResponseStream())) return reader.ReadToEnd();
  }
}
