import subprocess
import sys


def test_the_site_runs_without_torch_and_without_the_zoo() -> None:
    program = (
        "import sys, leaderboard.app, leaderboard.cli\n"
        "bad = [name for name in sys.modules if name.split('.')[0] in ('torch', 'timm', 'benchmark')]\n"
        "bad += [name for name in sys.modules if name.startswith('zoo.')"
        " and name.split('.')[1] not in ('core', 'checkpoint')]\n"
        "print(','.join(bad))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
