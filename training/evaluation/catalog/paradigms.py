"""Paradigms: those of BLiMP (Warstadt et al. 2020) and ZhoBLiMP (Liu et al. 2024), named as in their files and in
lm-eval's tasks, with the phenomenon and the field that they belong to."""

from __future__ import annotations

# (field, phenomenon) -> paradigms. Licensing of negative polarity items is of two fields.
_BLIMP = {
    ("morphology", "anaphor_agreement"): "anaphor_gender_agreement anaphor_number_agreement",
    ("morphology", "determiner_noun_agreement"): (
        "determiner_noun_agreement_1 determiner_noun_agreement_2 determiner_noun_agreement_irregular_1 "
        "determiner_noun_agreement_irregular_2 determiner_noun_agreement_with_adj_2 "
        "determiner_noun_agreement_with_adj_irregular_1 determiner_noun_agreement_with_adj_irregular_2 "
        "determiner_noun_agreement_with_adjective_1"
    ),
    ("morphology", "irregular_forms"): "irregular_past_participle_adjectives irregular_past_participle_verbs",
    ("morphology", "subject_verb_agreement"): (
        "distractor_agreement_relational_noun distractor_agreement_relative_clause "
        "irregular_plural_subject_verb_agreement_1 irregular_plural_subject_verb_agreement_2 "
        "regular_plural_subject_verb_agreement_1 regular_plural_subject_verb_agreement_2"
    ),
    ("semantics", "npi_licensing"): (
        "matrix_question_npi_licensor_present npi_present_1 npi_present_2 only_npi_licensor_present "
        "sentential_negation_npi_licensor_present"
    ),
    ("semantics", "quantifiers"): (
        "existential_there_quantifiers_1 existential_there_quantifiers_2 superlative_quantifiers_1 "
        "superlative_quantifiers_2"
    ),
    ("syntax", "argument_structure"): "causative drop_argument inchoative intransitive passive_1 passive_2 transitive",
    ("syntax", "ellipsis"): "ellipsis_n_bar_1 ellipsis_n_bar_2",
    ("syntax", "filler_gap_dependency"): (
        "wh_questions_object_gap wh_questions_subject_gap wh_questions_subject_gap_long_distance wh_vs_that_no_gap "
        "wh_vs_that_no_gap_long_distance wh_vs_that_with_gap wh_vs_that_with_gap_long_distance"
    ),
    ("syntax", "island_effects"): (
        "adjunct_island complex_NP_island coordinate_structure_constraint_complex_left_branch "
        "coordinate_structure_constraint_object_extraction left_branch_island_echo_question "
        "left_branch_island_simple_question sentential_subject_island wh_island"
    ),
    ("syntax", "s-selection"): "animate_subject_passive animate_subject_trans",
    ("syntax_semantics", "binding"): (
        "principle_A_c_command principle_A_case_1 principle_A_case_2 principle_A_domain_1 principle_A_domain_2 "
        "principle_A_domain_3 principle_A_reconstruction"
    ),
    ("syntax_semantics", "control_raising"): (
        "existential_there_object_raising existential_there_subject_raising expletive_it_object_raising "
        "tough_vs_raising_1 tough_vs_raising_2"
    ),
    ("syntax_semantics", "npi_licensing"): "only_npi_scope sentential_negation_npi_scope",
}

_ZHOBLIMP = {
    "BA": (
        "BA_BEI_subj_drop BA_deletion BA_duplicate_argument BA_inversion BA_meiba BA_negation BA_no_progressive "
        "BA_no_stative_verb BA_suo_adverbial_a BA_suo_adverbial_b BA_verb_le_a BA_verb_le_b causative_shi_ba"
    ),
    "anaphor": (
        "anaphor_gender_agreement anaphor_number_agreement principle_A_c_command principle_A_c_command_number "
        "principle_A_domain principle_A_domain_number"
    ),
    "argument_structure": (
        "agent_animacy_adv agent_animacy_passive agent_animacy_subj agent_causative agent_deletion "
        "intransitive_double_obj intransitive_no_obj"
    ),
    "classifier": "classifier_noun_agreement classifier_noun_agreement_no_gap classifier_noun_subj",
    "control_raising": (
        "control_modal_vs_raising_modal existential_there_subject_raising modal_raising_hui "
        "modal_raising_topicalization"
    ),
    "ellipsis": "ellipsis_adj ellipsis_double_object ellipsis_n_bar_class",
    "fci_licensing": "fci_renhe_dou fci_renhe_prepP fci_renhe_ruguo fci_renhe_subj fci_renhe_suoyou",
    "nominal_expression": (
        "PN_numP_a PN_numP_b nominal_definite_men nominal_modal_insertion noun_adjective_shi "
        "noun_phrase_conjunction_jian plural_cardinal_men_a plural_cardinal_men_b singular_PN_but_plural_pron "
        "you_quantifier_adj you_yige"
    ),
    "npi_licensing": (
        "npi_renhe_A_not_A_question npi_renhe_conditional npi_renhe_neg_scope_locP npi_renhe_neg_scope_subj "
        "npi_renhe_wh_question_obj npi_renhe_wh_question_subj renhe_no_episodic_sentences "
        "renhe_no_superordinate_negation renhe_non_factive_verb"
    ),
    "passive": (
        "BEI_construction_a BEI_construction_b BEI_deletion BEI_preposition passive_agent_deletion_long_left "
        "passive_agent_deletion_long_right_a passive_agent_deletion_long_right_b passive_agent_deletion_short "
        "passive_body_part passive_intransitive passive_no_adj passive_suo"
    ),
    "quantifiers": "superlative_quantifiers_1 superlative_quantifiers_2",
    "question": (
        "question_A_not_A question_A_not_A_daodi_a question_A_not_A_daodi_b question_A_not_A_indirect "
        "question_V_not_VP_1 question_V_not_VP_2 question_daodi_nandao_1 question_daodi_nandao_2 "
        "question_daodi_nandao_A_not_A_intran question_daodi_nandao_A_not_A_tran question_daodi_negation "
        "question_nandao_negation question_nandao_raising_1_a question_nandao_raising_1_b "
        "question_nandao_raising_2 question_nandao_raising_3 question_nandao_scope_1 question_nandao_scope_2 "
        "question_particle_daodi_choice_intran question_particle_daodi_choice_tran question_particle_nandao"
    ),
    "relativization": (
        "relative_operator_intepretation relative_operator_who relativization_movement_no_gap "
        "relativization_movement_when_where"
    ),
    "topicalization": "topicalization_OSV topicalization_OSV_mei topicalization_SOV topicalization_SOV_mei",
    "verb_phrase": (
        "adjective_transitive_dui left_adverbial_b left_adverbial_d left_adverbial_e left_adverbial_negation "
        "left_dou preposition_deletion preposition_insertion right_yijing_a right_yijing_b verb_negation_particle "
        "verb_phrase_left_adverbial verb_phrase_left_negation ya_insertion"
    ),
}

BLIMP = {
    paradigm: {"phenomenon": phenomenon, "field": field}
    for (field, phenomenon), paradigms in _BLIMP.items()
    for paradigm in paradigms.split()
}
ZHOBLIMP = {
    paradigm: {"phenomenon": phenomenon}
    for phenomenon, paradigms in _ZHOBLIMP.items()
    for paradigm in paradigms.split()
}
