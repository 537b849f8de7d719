/* client TOKEN_ENDPOINT CLIENT_ID CLIENT_SECRET MODE   libiddawc; MODE: basic, post */
#include <iddawc.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **argument) {
  if (count != 5) return 2;
  int method = strcmp(argument[4], "post") ? I_TOKEN_AUTH_METHOD_SECRET_BASIC : I_TOKEN_AUTH_METHOD_SECRET_POST;
  struct _i_session session;
  i_global_init();
  i_init_session(&session);
  i_set_parameter_list(&session,
    I_OPT_RESPONSE_TYPE, I_RESPONSE_TYPE_CLIENT_CREDENTIALS,
    I_OPT_TOKEN_ENDPOINT, argument[1],
    I_OPT_CLIENT_ID, argument[2],
    I_OPT_CLIENT_SECRET, argument[3],
    I_OPT_TOKEN_METHOD, method,
    I_OPT_NONE);
  int result = i_run_token_request(&session);
  if (result != I_OK) {
    fprintf(stderr, "error %d: %s\n", result, i_get_str_parameter(&session, I_OPT_ERROR));
    return 1;
  }
  if (i_get_int_parameter(&session, I_OPT_EXPIRES_IN) < 60) {
    fprintf(stderr, "expires_in is missing or too short\n");
    return 1;
  }
  printf("%s\n", i_get_str_parameter(&session, I_OPT_ACCESS_TOKEN));
  i_clean_session(&session);
  i_global_close();
  return 0;
}
