-- The kinds of alarm that watch what a dashboard would not show: src/domain/alarms.ts.
ALTER TABLE "alarm" DROP CONSTRAINT "alarm_kind_check";
ALTER TABLE "alarm" ADD CONSTRAINT "alarm_kind_check" CHECK ("kind" IN
    ('listing_gap', 'guarantee_stretched', 'claim_turned', 'mass_parking', 'source_trouble', 'token_rejected', 'audit_miss',
     'frame_hole', 'canary_overdue', 'id_collision', 'reply_overdue', 'playbooks_unusable', 'classifier_unusable',
     'sending_stopped', 'case_overdue', 'hand_off_overdue', 'call_mismatch', 'backfill_held', 'submission_gap',
     'balance_residual', 'repaired', 'ledger_inconsistent', 'unexplained_reply', 'workload_rising', 'progress_frozen',
     'bound_high', 'source_silent', 'parks_growing', 'reply_unconfirmed', 'figures_diverge', 'attachment_lost',
     'call_status_missing', 'sink_failing', 'test_alarm'));
