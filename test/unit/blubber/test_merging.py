"""Includes and how later sections change earlier ones."""

from __future__ import annotations

import textwrap

from liftwing_blubber import plan, read
from liftwing_blubber.spec import Artifact, Custom, Python, Stage

ROOT = "version: v4\nbase: debian:12\n"


def merged(variants: str, root: str = "", target: str = "production") -> Stage:
    text = (
        ROOT
        + textwrap.dedent(root)
        + "variants:\n"
        + textwrap.indent(textwrap.dedent(variants), "  ")
    )
    return plan(read(text, "spec.yaml"), target)[-1]


def test_defaults_come_before_all() -> None:
    section = merged("production: {}").section
    assert (section.lives.directory, section.lives.name) == ("/srv/app", "somebody")
    assert (section.lives.uid, section.lives.gid) == (65533, 65533)
    assert (section.runs.name, section.runs.uid, section.runs.gid) == ("runuser", 900, 900)


def test_includes_are_merged_depth_first_and_once() -> None:
    section = merged("""
        first: {apt: {packages: [aa]}}
        left: {includes: [first], apt: {packages: [ll]}}
        right: {includes: [first], apt: {packages: [rr]}}
        production: {includes: [right, left], apt: {packages: [pp]}}
        """).section
    assert section.packages == {"default": ("aa", "rr", "ll", "pp")}


def test_packages_of_both_notations_add_up() -> None:
    section = merged(
        "production: {apt: {packages: {backports: [bb], default: [dd]}}}",
        root="apt: {packages: [rr]}\n",
    ).section
    assert section.packages == {"default": ("rr", "dd"), "backports": ("bb",)}


def test_nothing_and_empty_texts_change_nothing() -> None:
    section = merged("production: {base: , runs: {as: '', uid: 0}}").section
    assert (section.base, section.runs.name, section.runs.uid) == ("debian:12", "runuser", 900)


def test_false_is_a_statement() -> None:
    variants = "production: {runs: {insecurely: false}, python: {no-deps: off}}"
    section = merged(variants, root="runs: {insecurely: yes}\npython: {no-deps: on}\n").section
    assert section.runs.insecurely is False
    assert section.python == Python(no_deps=False)


def test_an_empty_entrypoint_clears() -> None:
    assert merged("production: {entrypoint: []}", root="entrypoint: [a]\n").section.entrypoint == ()


def test_variables_merge_by_name() -> None:
    section = merged(
        "production: {arguments: {BB: new, CC: c}}", root="arguments: {AA: a, BB: b}\n"
    ).section
    assert section.arguments == {"AA": "a", "BB": "new", "CC": "c"}


def test_a_repeated_copy_moves_to_the_end() -> None:
    section = merged("""
        shared: {copies: [{from: local, source: a}, {from: local, source: b}]}
        production: {includes: [shared], copies: [{from: local, source: a}]}
        """).section
    assert section.copies == (Artifact("local", "b"), Artifact("local", "a"))


def test_the_fields_of_a_builder_merge_and_its_lists_are_replaced() -> None:
    section = merged(
        "production: {builder: {requirements: [b]}}",
        root="builder: {requirements: [a, c], command: make}\n",
    ).section
    assert section.builder == Custom("make", requirements=(Artifact("local", "b"),))


def test_custom_builders_add_up_and_python_stands_where_the_later_list_has_it() -> None:
    stage = merged("""
        shared:
          builders:
            - python: {version: python3, requirements: [a]}
            - custom: {command: one}
        production:
          includes: [shared]
          builders:
            - custom: {command: two}
            - python: {no-deps: true}
        """)
    assert stage.builders == (
        Custom("one"),
        Custom("two"),
        Python("python3", (Artifact("local", "a"),), no_deps=True),
    )


def test_an_inherited_python_builder_stays_in_front_of_a_list_without_one() -> None:
    stage = merged("""
        shared: {builders: [{python: {version: python3}}]}
        production: {includes: [shared], builders: [{custom: {command: two}}]}
        """)
    assert stage.builders == (Python("python3"), Custom("two"))


def test_anchors_and_merge_keys_work() -> None:
    section = merged("""
        shared: &shared {runs: {as: first}, entrypoint: [a]}
        production:
          <<: *shared
          entrypoint: [b]
        """).section
    assert (section.runs.name, section.entrypoint) == ("first", ("b",))


def test_keys_are_matched_without_regard_to_case() -> None:
    assert merged("production: {Lives: {IN: /opt/app}}").section.lives.directory == "/opt/app"


def test_stages_stand_behind_those_they_copy_from() -> None:
    text = ROOT + textwrap.dedent("""\
        variants:
          production: {copies: [assets, build]}
          build: {builder: {requirements: [{from: assets, source: a}]}}
          assets: {}
          unused: {}
        """)
    stages = plan(read(text, "spec.yaml"), "production")
    assert [stage.name for stage in stages] == ["assets", "build", "production"]
