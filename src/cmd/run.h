/*
 * run.h - `parley` from its first word to its exit status, and the commands' functions, one file
 * a command or family.
 */
#ifndef PARLEY_CMD_RUN_H
#define PARLEY_CMD_RUN_H

#include <jansson.h>

#include "cmd/command.h"

/* argv[0] is the program's name. Answers the exit status. */
int run_main(int argc, char **argv);

/* help.c's texts as commands: run.c */
enum exit_code run_help(const struct call *call);
enum exit_code run_completion(const struct call *call);
enum exit_code run_version(const struct call *call);

enum exit_code key_new(const struct call *call);
enum exit_code key_fingerprint(const struct call *call);
enum exit_code key_suites(const struct call *call);
enum exit_code key_rotate(const struct call *call);
enum exit_code key_revoke(const struct call *call);
enum exit_code key_sign(const struct call *call);
enum exit_code key_install(const struct call *call);
enum exit_code key_show(const struct call *call);
enum exit_code key_settle(const struct call *call);
enum exit_code key_list(const struct call *call);

enum exit_code rules_export(const struct call *call);
enum exit_code rules_targets(const struct call *call);

enum exit_code demo_run(const struct call *call);
enum exit_code status_run(const struct call *call);
enum exit_code doctor_run(const struct call *call);
enum exit_code desk_run(const struct call *call);

enum exit_code case_list(const struct call *call);
enum exit_code case_show(const struct call *call);
enum exit_code case_export(const struct call *call);

enum exit_code case_new(const struct call *call);
enum exit_code case_say(const struct call *call);
enum exit_code release_list(const struct call *call);
enum exit_code release_show(const struct call *call);
enum exit_code release_approve(const struct call *call);
enum exit_code release_refuse(const struct call *call);
enum exit_code alarm_clear_run(const struct call *call);
enum exit_code list_run(const struct call *call);
enum exit_code watch_replay(const struct call *call);
enum exit_code indicator_check(const struct call *call);
enum exit_code attribute_run(const struct call *call);
enum exit_code watch_stats(const struct call *call);
enum exit_code watch_explain(const struct call *call);
enum exit_code pattern_check(const struct call *call);
enum exit_code pattern_match(const struct call *call);
enum exit_code peer_show(const struct call *call);
enum exit_code peer_ping(const struct call *call);
enum exit_code verify_run(const struct call *call);

enum exit_code ledger_checkpoint(const struct call *call);
enum exit_code ledger_prove(const struct call *call);
enum exit_code ledger_audit(const struct call *call);
enum exit_code ledger_erase(const struct call *call);
enum exit_code ledger_anchor(const struct call *call);

enum exit_code share_run(const struct call *call);
enum exit_code retract_run(const struct call *call);
enum exit_code backup_create(const struct call *call);
enum exit_code backup_check(const struct call *call);
enum exit_code backup_restore(const struct call *call);
enum exit_code exchange_init(const struct call *call);
enum exit_code exchange_status(const struct call *call);
enum exit_code remote_add(const struct call *call);
enum exit_code remote_list(const struct call *call);
enum exit_code remote_remove(const struct call *call);
enum exit_code visitor_add(const struct call *call);
enum exit_code visitor_list(const struct call *call);
enum exit_code visitor_remove(const struct call *call);

enum exit_code indicator_held(const struct call *call);
enum exit_code indicator_show(const struct call *call);
enum exit_code indicator_add(const struct call *call);
enum exit_code indicator_import(const struct call *call);
enum exit_code indicator_sight(const struct call *call);
enum exit_code indicator_withdraw(const struct call *call);

enum exit_code collection_list(const struct call *call);
enum exit_code collection_pull(const struct call *call);
enum exit_code collection_push(const struct call *call);

enum exit_code init_run(const struct call *call);
enum exit_code officer_add(const struct call *call);
enum exit_code officer_remove(const struct call *call);
enum exit_code agreement_say(const struct call *call);
enum exit_code serve_run(const struct call *call);

/* What commands of different files share: rows of cases (desk.c), and "there is no such case"
 * with the one that was meant (case.c). */
struct ask_answer;
void desk_rows(struct say *s, const json_t *rows, const char *now);
enum exit_code case_error(const struct call *call, struct ask_answer *a, const char *case_id);

/* agreement_*.c */
enum exit_code run_agreement_check(const struct call *call);
enum exit_code run_agreement_show(const struct call *call);
enum exit_code run_agreement_sign(const struct call *call);
enum exit_code run_agreement_diff(const struct call *call);
enum exit_code agreement_join(const struct call *call);
enum exit_code run_agreement_format(const struct call *call);

#endif
