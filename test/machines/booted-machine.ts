// A machine whose first process is systemd: namespaces of this one for processes, mounts, names and network, with empty folders of its own for services.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { noContainers, type Outcome, run, temporaryFolder, until } from '../cluster.ts'

/** Why systemd cannot boot here, or false. */
export function noSystemd(): string | false {
  const missing = ['/usr/lib/systemd/systemd', '/usr/bin/systemd-run', '/usr/bin/systemd-analyze'].filter(path => !existsSync(path))
  return noContainers() || (missing.length > 0 && `not installed: ${missing.join(', ')}`)
}

/** Changes of /etc and everything below /run, /var/lib and /usr/local/lib are this machine's own. $1 is a folder on a real disk. */
const boot = `
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/etc/upper /run/etc/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work /etc
mount -t tmpfs tmpfs /etc/systemd/system
mount --bind "$1/state" /var/lib
mount --bind "$1/library" /usr/local/lib
mount -t proc proc /proc
# systemd makes this folder read-only and adds names to it; with cgroups v1 that would be the folder of the whole machine.
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir /run/cgroups
  for hierarchy in /sys/fs/cgroup/*; do
    if mountpoint -q "$hierarchy"; then
      mkdir "/run/cgroups/\${hierarchy##*/}"
      mount --bind "$hierarchy" "/run/cgroups/\${hierarchy##*/}"
    fi
  done
  mount -t tmpfs tmpfs /sys/fs/cgroup
  for hierarchy in /run/cgroups/*; do
    mkdir "/sys/fs/cgroup/\${hierarchy##*/}"
    mount --move "$hierarchy" "/sys/fs/cgroup/\${hierarchy##*/}"
  done
fi
ip link set lo up
# The repository may be below the folder that it would hide.
ln -s /dev/null /etc/systemd/system/tmp.mount
printf '[Unit]\\nWants=dbus.socket systemd-journald.service\\nAfter=dbus.socket\\nAllowIsolate=yes\\n' > /etc/systemd/system/test.target
exec /usr/lib/systemd/systemd --unit=test.target
`
/** Where the kernel has cgroups v1 alone, as on some machines of tests. */
const environment = {
  container: 'other',
  SYSTEMD_PROC_CMDLINE: 'SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 systemd.unified_cgroup_hierarchy=0 systemd.unit=test.target',
}

export class BootedMachine implements AsyncDisposable {
  /** On a real disk; /var/lib and /usr/local/lib of the machine are in it. */
  readonly folder: string
  readonly #child: ChildProcess
  #output = ''

  private constructor(folder: string) {
    this.folder = folder
    for (const name of ['state', 'library']) mkdirSync(join(folder, name))
    const legacy = existsSync('/sys/fs/cgroup/cgroup.controllers') ? { container: 'other' } : environment
    const flags = ['--pid', '--mount', '--uts', '--ipc', '--net', '--fork', '--kill-child=SIGKILL']
    this.#child = spawn('unshare', [...flags, 'sh', '-c', boot, 'sh', folder], {
      env: { ...process.env, ...legacy },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = `${this.#output}${text}`.slice(-5000)
      })
  }

  static async boot(): Promise<BootedMachine> {
    const machine = new BootedMachine(temporaryFolder())
    try {
      await until('systemd runs', async () => {
        if (machine.#child.exitCode !== null) throw new Error(`systemd ended:\n${machine.#output}`)
        return machine.#init() !== undefined && (await machine.run('systemctl', ['is-active', 'test.target'])).code === 0
      })
    } catch (err) {
      await machine[Symbol.asyncDispose]()
      throw err
    }
    return machine
  }

  /** The process that is the first one there. */
  #init(): number | undefined {
    const pid = this.#child.pid ?? 0
    const path = `/proc/${pid}/task/${pid}/children`
    const [child] = existsSync(path) ? readFileSync(path, 'utf8').trim().split(' ') : []
    return child === undefined || child === '' ? undefined : Number(child)
  }

  run(program: string, args: readonly string[], input = ''): Promise<Outcome> {
    return run('nsenter', ['--target', String(this.#init()), '--mount', '--pid', '--net', '--ipc', '--uts', program, ...args], { input })
  }

  /** Its output; rejects if it fails. */
  async must(program: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(program, args)
    if (code !== 0) throw new Error(`${[program, ...args].join(' ')} ended with ${code}: ${stdout}${stderr}\n${await this.journal()}`)
    return stdout
  }

  async journal(): Promise<string> {
    return (await this.run('journalctl', ['--unit', 'bulkhead*', '--no-pager', '--output', 'cat'])).stdout.slice(-5000)
  }

  async property(unit: string, name: string): Promise<string> {
    return (await this.must('systemctl', 'show', `--property=${name}`, '--value', unit)).trim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const closed = new Promise(resolve => this.#child.once('exit', resolve))
      // With the first process of a namespace all others end.
      const init = this.#init()
      if (init === undefined) this.#child.kill('SIGKILL')
      else process.kill(init, 'SIGKILL')
      await closed
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}
