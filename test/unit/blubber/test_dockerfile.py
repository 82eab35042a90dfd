"""The Dockerfile of small specs."""

from __future__ import annotations

import textwrap
from typing import List

from liftwing_blubber import compile_text

OWNER = "--chown=${LIVES_UID}:${LIVES_GID}"


def lines(body: str, target: str = "production") -> List[str]:
    text = "version: v4\n" + textwrap.dedent(body)
    return compile_text(text, target).replace(" \\\n", "").splitlines()


def in_production(body: str) -> List[str]:
    indented = textwrap.indent(textwrap.dedent(body), "    ")
    return lines(f"base: debian\nvariants:\n  production:\n{indented}\n")


def test_an_image_without_tag_is_the_latest() -> None:
    assert lines("base: debian\nvariants: {production: {}}")[0] == (
        "FROM debian:latest AS production"
    )


def test_the_process_is_not_the_owner_of_the_files() -> None:
    found = lines("base: debian\nvariants: {production: {}}")
    users = [line for line in found if line.startswith(("USER", "ENV HOME"))]
    assert users == [
        "USER 0",
        'ENV HOME="/root"',
        "USER ${LIVES_UID}",
        'ENV HOME="/home/somebody"',
        "USER ${RUNS_UID}",
        'ENV HOME="/home/runuser"',
    ]


def test_an_insecure_process_is() -> None:
    found = in_production("runs: {insecurely: true}")
    assert "USER ${RUNS_UID}" not in found


def test_a_scratch_image_is_copies_and_entrypoint() -> None:
    found = lines("""\
        apt: {packages: [make]}
        arguments: {LOST: x}
        variants:
          production:
            copies: [{from: local, source: tool, destination: bin/}]
            entrypoint: [/bin/tool]
        """)
    assert found == [
        "FROM scratch AS production",
        "WORKDIR /",
        "COPY tool /bin/",
        'ENTRYPOINT ["/bin/tool"]',
        'LABEL blubber.variant="production" blubber.version="1.8.0+liftwing-blubber"',
    ]


def test_packages_are_installed_in_order_of_releases() -> None:
    found = in_production("apt: {packages: {default: [make], bookworm: [git, jq]}}")
    assert 'ENV DEBIAN_FRONTEND="noninteractive"' in found
    assert (
        "RUN apt-get update && apt-get install -y -t bookworm git jq"
        " && apt-get install -y make && rm -rf /var/lib/apt/lists/*"
    ) in found


def test_arguments_are_taken_literally() -> None:
    assert r'ARG RAW="a \"b\" \$C \\d"' in in_production(r"""arguments: {RAW: 'a "b" $C \d'}""")


def test_the_environment_is_expanded_by_docker() -> None:
    found = in_production("runs: {environment: {PATH: '/x:$PATH', AA: '[${1}$$${B:-c}]$(d)'}}")
    assert 'ENV PATH="/x:${PATH}"' in found
    assert r'ENV AA="[]\$(d)"' in found


def test_in_the_image_variables_of_a_block_do_not_see_each_other() -> None:
    found = in_production("runs: {environment: {AA: x, BB: $AA}}")
    kept = found.index('ARG BLUBBER_IMAGE_BB="${AA}"')
    steps = found.index('ENV BB="${AA}"')
    image = found.index('ENV BB="${BLUBBER_IMAGE_BB}"')
    assert kept < found.index('ENV AA="x"') < steps < image


def test_a_plain_command_is_run_by_one_shell() -> None:
    assert r'RUN ["/bin/sh", "-c", "echo \"$(id -u)\" > a"]' in in_production(
        """builder: {command: 'echo "$(id -u)" > a'}"""
    )


def test_variables_of_a_command_are_replaced_before_its_shell_reads_it() -> None:
    found = in_production(
        """builder: {command: "for n in 1; do echo '$n $HOME $PWD `id`'; done"}"""
    )
    assert (
        r'RUN ["/bin/sh", "-c", "exec /bin/sh -c'
        r""" \"for n in 1; do echo '${n} ${HOME}  \\`id\\`'; done\""]"""
    ) in found


def test_the_words_of_a_command_are_quoted_but_for_the_first() -> None:
    assert r'RUN ["/bin/sh", "-c", "make \"a b\" \"c\\\"d\""]' in in_production(
        """builder: {command: [make, a b, 'c"d']}"""
    )


def test_a_script_is_not_expanded() -> None:
    found = in_production("builder: {script: 'echo $n'}")
    assert 'RUN ["/bin/sh", "-c", "echo $n"]' in found


def test_a_script_with_an_interpreter_becomes_a_file() -> None:
    (step,) = [
        line
        for line in in_production('builder: {script: "#!/bin/bash\\ntrue"}')
        if line.startswith("RUN [")
    ]
    assert "mktemp" in step
    assert step.endswith(r'"#!/bin/bash\ntrue"]')


def test_caches_belong_to_the_owner_of_the_files() -> None:
    found = in_production(
        "builder: {command: a, caches: [{destination: '$HOME/c', id: x, access: locked}]}"
    )
    mount = "type=cache,target=/home/somebody/c,id=x,sharing=locked,uid=65533,gid=65533"
    assert f'RUN --mount={mount} ["/bin/sh", "-c", "a"]' in found


def test_requirements_go_to_the_folder_they_come_from() -> None:
    found = in_production("""\
        builder:
          command: a
          requirements: [a, d/b, dir/, c, {from: local, source: e, destination: f}]
        """)
    assert [line for line in found if line.startswith("COPY")] == [
        f"COPY {OWNER} a c /srv/app/",
        f"COPY {OWNER} d/b /srv/app/d/",
        f"COPY {OWNER} dir/ /srv/app/dir/",
        f"COPY {OWNER} e /srv/app/f",
    ]


COPYING = """\
    base: debian
    variants:
      build: {lives: {in: /src}, runs: {in: /src/out}}
      whole: {copies: [build]}
      picked:
        copies:
          - {from: build, source: ./a b, destination: c/}
          - {from: build, source: /x}
    """


def test_copies_of_a_variant_are_its_application_and_libraries() -> None:
    assert [line for line in lines(COPYING, "whole") if line.startswith("COPY")] == [
        f"COPY --from=build {OWNER} /srv/app /srv/app",
        f"COPY --from=build {OWNER} /opt/lib /opt/lib",
    ]


def test_relative_sources_start_where_the_other_variant_runs() -> None:
    assert [line for line in lines(COPYING, "picked") if line.startswith("COPY")] == [
        f'COPY --from=build {OWNER} ["/src/out/a b", "/srv/app/c/"]',
        f"COPY --from=build {OWNER} /x /x",
    ]


def test_the_python_builder() -> None:
    found = in_production("""\
        python:
          version: python3.11
          requirements: [a.txt, {from: local, source: b.txt, destination: locks/}]
          use-system-site-packages: true
          no-deps: true
          pip-version: 24.3.1
          setuptools-version: <81
        """)
    assert found[found.index(f"COPY {OWNER} a.txt /srv/app/") :][:8] == [
        f"COPY {OWNER} a.txt /srv/app/",
        f"COPY {OWNER} b.txt /srv/app/locks/",
        "RUN python3.11 -m venv --system-site-packages /opt/lib/venv",
        'ENV VIRTUAL_ENV="/opt/lib/venv" PATH="/opt/lib/venv/bin:${PATH}"',
        "RUN python3.11 -m pip install -U 'setuptools<81'"
        " && python3.11 -m pip install -U wheel tox pip==24.3.1",
        "RUN python3.11 -m pip install --no-deps -r a.txt -r locks/b.txt",
        "USER ${RUNS_UID}",
        'ENV HOME="/home/runuser"',
    ]
    assert "RUN python3.11 -m pip check" in found


def test_the_python_builder_needs_version_and_requirements() -> None:
    assert not any("venv" in line for line in in_production("python: {version: python3}"))
    found = in_production("python: {version: python3, requirements: []}")
    assert any("-m venv" in line for line in found)
    assert not any("install -r" in line for line in found)


def test_the_directory_of_the_process_is_not_made() -> None:
    found = in_production("runs: {in: /run/app}")
    start = found.index("FROM production_files AS production")
    assert found[start + 1 : start + 4] == ['ARG RUNS_UID="900"', "USER 0", "WORKDIR /run/app"]
    assert 'rmdir "$d"' in found[start + 4]
    assert found[start + 5] == "USER ${RUNS_UID}"


def test_the_entrypoint_is_never_a_shell_line() -> None:
    assert 'ENTRYPOINT ["echo", "$HOME"]' in in_production("entrypoint: [echo, $HOME]")
