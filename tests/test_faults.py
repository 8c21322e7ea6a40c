"""Faults: which tests hold each row of the fault table, so that a row without one shows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from shared import beside

TESTS = Path(__file__).parent
RECORDS = "pipelines/test_faults_records.py"
RESPONSES = "pipelines/test_faults_responses.py"
SHARD_FILES = "pipelines/test_faults_shard_files.py"
REFUSED = "training/run/test_faults_refused.py"
SCORES = "training/evaluation/test_score_faults.py"
INGEST, PAGES = "pipelines/test_faults_ingest.py", "pipelines/test_faults_extract_and_clean.py"
WARC, RANGES, WEB = "corpus/archive/test_warc.py", "corpus/archive/test_warc_ranges.py", "corpus/sources/test_web.py"
COPIES = "pipelines/duplicates/test_faults_deduplicate.py"
TOKENS, SHARDS = "pipelines/test_faults_tokens.py", "pipelines/test_faults_shards.py"
TRAIN, CHECKPOINTS = "training/run/test_faults.py", "training/checkpoints/test_checkpoint.py"
LOADER, NODES = "training/data/test_loader.py", "training/distributed/test_nodes.py"
EVALUATION = "training/evaluation/test_score.py"
CRAWLER, GUARD, FUZZ = "corpus/crawl/test_crawler.py", "pipelines/test_guard.py", "corpus/test_fuzz.py"

# The row's fault as the table has it -> file: tests.
HELD: dict[str, dict[str, tuple[str, ...]]] = {
    "truncated last member or file": {
        INGEST: ("test_truncated_last_member_or_file",),
        FUZZ: ("test_files",),
        "dagster_project/test_checks.py": ("test_a_crawl_that_ends_early_warns",),
    },
    "corrupt deflate stream or CRC in the middle; zero bytes between members": {
        INGEST: (
            "test_corrupt_deflate_stream_or_crc_in_the_middle_or_zero_bytes_between_members",
            "test_corrupt_member_of_several_records",
            "test_corrupt_above_a_set_share",
        ),
        RECORDS: ("test_a_member_whose_first_block_is_long_is_found",),
        WARC: ("test_a_flipped_bit_costs_the_record_that_it_is_in",),
        FUZZ: ("test_files",),
    },
    "an HTML error page or zero bytes named .warc.gz": {
        INGEST: ("test_html_error_page_or_zero_bytes_named_warc_gz",),
    },
    "whole-file gzip, plain .warc, .zst, ARC": {
        INGEST: ("test_whole_file_gzip_plain_zst_arc",),
        RANGES: ("test_two_ranges_read_what_one_reads_wherever_the_cut_is",),
    },
    "record length too small, too large, missing, negative, 10^18": {
        INGEST: ("test_record_length_too_small_too_large_missing_negative_huge",),
    },
    "digest mismatch; WARC-Truncated; chunked body that is broken or already dechunked": {
        RESPONSES: (
            "test_digest_mismatch_truncated_chunked_broken_or_dechunked",
            "test_an_unknown_flag_is_refused",
        ),
    },
    "gzip, deflate (raw and zlib), br, zstd, double or unknown Content-Encoding": {
        RESPONSES: (
            "test_content_encodings",
            "test_content_encodings_that_nobody_knows",
        ),
    },
    "decompression bomb in a body or in the WARC layer": {
        RESPONSES: (
            "test_decompression_bomb_in_a_body",
            "test_decompression_bomb_in_the_warc_layer",
            "test_decompression_bomb_in_a_file_compressed_as_a_whole",
        ),
    },
    "2 GiB record": {RESPONSES: ("test_two_gib_record",)},
    "revisit, request, non-200, empty body, non-HTML behind an HTML header": {
        RECORDS: (
            "test_revisit_request_non_200_empty_body_non_html_behind_an_html_header",
            "test_revisit_resolves_where_its_original_is_there",
        ),
    },
    "missing or duplicate record id; missing, huge or non-ASCII URI; a date in 1970 or the future": {
        RECORDS: (
            "test_missing_or_duplicate_record_id_missing_huge_or_non_ascii_uri_a_date_in_1970_or_the_future",
            "test_duplicate_record_id",
            "test_a_url_that_is_none_is_heard_by_the_lists",
        ),
    },
    "X-Robots-Tag, meta robots noai / noindex, TDM reservation, a removal list": {
        RECORDS: ("test_x_robots_tag_meta_robots_tdm_reservation_a_removal_list",),
        "pipelines/test_safety.py": ("test_refusals_are_in_the_ledger_with_what_said_so",),
    },
    "the crawler: robots.txt, redirects to private addresses, slow drip, endless pages": {
        CRAWLER: (
            "test_robots_status",
            "test_robots_that_cannot_be_had_disallow_everything",
            "test_robots_redirects",
            "test_redirects_are_followed_on_the_host_and_refused_off_it",
            "test_a_public_host_may_not_lead_into_a_private_network",
            "test_links_and_redirects_to_private_addresses_are_counted",
            "test_a_slow_drip_is_cut_off",
            "test_endless_pages_are_bounded",
        ),
    },
    "declared charset wrong (GBK, Big5, Shift_JIS, windows-125x), UTF-16 with and without BOM, mixed": {
        PAGES: (
            "test_declared_charset_wrong_utf_16_with_and_without_bom_mixed",
            "test_declared_windows_1250_is_believed",
            "test_mixed_charsets_are_read_or_dropped",
        ),
    },
    "NUL, lone surrogates, bidi and zero-width characters": {
        PAGES: ("test_nul_lone_surrogates_bidi_and_zero_width_characters",),
        "corpus/text/test_normal_form.py": ("test_normalising_is_idempotent_and_leaves_nothing_invisible",),
    },
    "nesting 10^5 deep; one 100 MB line; a parser crash or hang": {
        PAGES: ("test_nesting_100_000_deep", "test_one_100_mb_line"),
        GUARD: (
            "test_a_parser_crash_or_hang_costs_one_page",
            "test_ingest_leaves_out_the_page_that_crashes_the_parser",
        ),
        FUZZ: ("test_pages",),
    },
    "regular expressions": {PAGES: ("test_regular_expressions_are_linear_at_1_mb",)},
    "any exception in a rule": {
        "pipelines/test_rule_errors.py": ("test_an_error_costs_its_document", "test_too_many_errors_fail_the_stage"),
    },
    "empty, emoji, code, mixed-language pages": {PAGES: ("test_empty_emoji_code_mixed_language_pages",)},
    "all documents equal; a bucket of 10^6": {COPIES: ("test_all_documents_equal", "test_a_bucket_of_a_million")},
    "shorter than a shingle; Chinese without spaces": {
        COPIES: ("test_shorter_than_a_shingle_and_chinese_without_spaces",),
    },
    "other order, workers, restart between sub-stages": {
        COPIES: (
            "test_other_order_workers_restart_between_sub_stages",
            "test_killed_between_and_inside_its_steps",
        ),
        "pipelines/duplicates/test_deduplication.py": ("test_crawls_added_one_by_one_leave_what_one_go_leaves",),
    },
    "other parameters between sub-stages": {COPIES: ("test_other_parameters_between_sub_stages_are_refused",)},
    "planted near-duplicates by similarity band": {COPIES: ("test_planted_near_duplicates_by_similarity_band",)},
    '`"^" * 1e6`, long unspaced runs': {
        TOKENS: (
            "test_caret_times_1e6_and_long_unspaced_runs",
            "test_long_unspaced_runs_by_gpt2s_vocabulary",
        )
    },
    "a panic in the Rust tokenizer": {
        TOKENS: (
            "test_panic_in_the_rust_tokenizer",
            "test_panic_costs_no_other_text_of_the_batch",
            "test_panic_on_every_held_out_page",
            "test_panic_on_every_training_page",
        )
    },
    "control-token text in a page": {
        TOKENS: ("test_control_token_text_in_a_page",),
        "corpus/tokenizer/test_imported.py": ("test_a_vocabulary_that_makes_the_control_token_of_words_is_refused",),
    },
    "vocabulary over 65,535 with uint16; token id out of range": {
        SHARD_FILES: (
            "test_vocabulary_over_65535_with_uint16_or_token_id_out_of_range",
            "test_a_large_vocabulary_is_stored_in_four_bytes_and_no_index_says_otherwise",
        ),
        "corpus/shards/test_format.py": ("test_ids_outside_the_vocabulary_are_not_stored",),
        LOADER: ("test_refusals_name_the_value",),
    },
    "tokenizer, shards, checkpoint, evaluation disagree": {
        SHARD_FILES: ("test_tokenizer_and_shards_disagree",),
        "training/run/test_trainer.py": ("test_another_tokenizer_is_refused_with_both_digests",),
        LOADER: ("test_state_is_one_integer_and_the_fingerprint",),
        SCORES: ("test_a_checkpoint_and_the_shards_of_another",),
    },
    "SIGKILL at each operation; no space; EIO on fsync; read-only; two writers": {
        SHARDS: (
            "test_sigkill_at_each_operation",
            "test_no_space_and_eio_on_fsync",
            "test_read_only",
            "test_two_writers",
        ),
    },
    "shard truncated, flipped, missing, extra, renamed, stale": {
        SHARD_FILES: (
            "test_shard_truncated_flipped_missing_extra_renamed_stale",
            "test_stale_index",
            "test_any_flipped_bit_is_found",
        ),
    },
    "tar members: `..`, absolute, links, devices, duplicates, not adjacent": {
        SHARD_FILES: (
            "test_tar_members",
            "test_tar_members_of_a_right_tar_are_left_alone",
        ),
        "corpus/shards/test_check.py": ("test_any_bytes_are_taken_or_refused", "test_a_walk_over_any_bytes_ends"),
    },
    "kill at any step, or inside a checkpoint write": {
        TRAIN: (
            "test_kill_at_any_step",
            "test_kill_inside_a_checkpoint_write",
            "test_asked_to_stop",
        ),
        CHECKPOINTS: ("test_a_death_at_any_operation_leaves_old_or_new",),
    },
    "checkpoint torn, flipped, missing a part": {
        REFUSED: ("test_checkpoint_torn_flipped_missing_a_part",),
        CHECKPOINTS: (
            "test_a_flipped_bit_is_skipped_for_the_one_before",
            "test_missing_files_and_torn_manifests_are_damage_too",
        ),
    },
    "no space at save": {
        REFUSED: (
            "test_no_space_at_save",
            "test_space_is_checked_before_step_0",
        )
    },
    "NaN or Inf on one rank": {
        TRAIN: (
            "test_nan_or_inf_on_one_rank",
            "test_nan_names_the_documents_of_the_batch_and_three_stop_the_run",
        ),
    },
    "loss spike beyond 6 sigma": {REFUSED: ("test_loss_spike_beyond_6_sigma",)},
    "a rank killed, stopped or late": {
        REFUSED: ("test_a_rank_killed_stopped_or_late",),
        NODES: ("test_a_lost_node_is_replaced_by_another", "test_a_node_that_never_comes_ends_the_wait"),
    },
    "resume on another world size; second epoch after a resume": {
        TRAIN: (
            "test_resume_on_another_world_size",
            "test_second_epoch_after_a_resume",
        ),
    },
    "configuration changed between save and resume": {
        REFUSED: (
            "test_configuration_changed_between_save_and_resume",
            "test_configuration_changed_by_a_named_override",
        ),
    },
    "two trainers on one output": {
        REFUSED: ("test_two_trainers_on_one_output",),
        "training/run/test_outdir.py": ("test_a_trainer_whose_folder_another_has_taken_writes_nothing_in_it",),
    },
    "batch size, device, order": {SCORES: ("test_batch_size_device_order",)},
    "empty or over-long prompt, no items, duplicate items, ties": {
        SCORES: (
            "test_empty_prompt_or_answer_that_is_none",
            "test_empty_and_over_long_prompts",
            "test_no_items",
            "test_duplicate_items_and_ties",
        ),
    },
    "benchmark file changed; contaminated items": {
        SCORES: ("test_benchmark_file_changed",),
        "training/significance/test_comparison.py": ("test_what_is_not_alike_is_refused_with_both_sides_named",),
        "pipelines/test_decontaminate.py": (
            "test_planted_items_are_found_with_their_text_and_place",
            "test_they_are_removed_and_recorded_and_an_innocent_page_and_a_passage_stay",
            "test_a_changed_file_is_another_dataset_and_only_what_is_behind_it_is_made_again",
        ),
        "dagster_project/assets/test_scores.py": (
            "test_a_prepared_benchmark_gets_its_asset_and_its_place_in_the_report",
        ),
    },
    "a checkpoint from elsewhere": {SCORES: ("test_a_checkpoint_from_elsewhere",)},
}
SECTIONS = ("Ingest", "Extract and clean", "Deduplicate", "Tokens and shards", "Train", "Evaluate, serve, orchestrate")
NOT_YET = {  # of servers and of orchestration, which hold no test by these names so far
    "server: huge or chunked body, slow client, absurd parameters, no or wrong token, client gone",
    "unknown configuration key; secrets",
    "a run killed under Dagster; the same asset materialised twice at once",
    "web server",
}
TABLE = beside("FAULTS.md")


@pytest.mark.parametrize("row", HELD)
def test_the_tests_of_a_row_are_there(row: str) -> None:
    for file, names in HELD[row].items():
        tree = ast.parse((TESTS / file).read_text())
        assert set(names) <= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, file


@pytest.mark.skipif(TABLE is None, reason="no ../shared/FAULTS.md beside this checkout")
def test_every_row_of_the_table_is_held() -> None:
    assert TABLE is not None
    rows, wanted = set(), False
    for line in TABLE.read_text().splitlines():
        if line.startswith("## "):
            wanted = line.removeprefix("## ") in SECTIONS
        elif wanted and line.startswith("| ") and not line.startswith("| fault"):
            rows.add(line.split("|")[1].strip())
    assert rows == HELD.keys() | NOT_YET
