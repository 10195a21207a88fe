// A folder on another machine over SFTP: OpenSSH's `sftp` in batch mode, with the host's key pinned.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { BackupFault } from '../backup-fault.ts'
import { linksFolder, packsFolder, reportsFolder, requireName, type Target } from './target.ts'
import { contentField, objectField, type TargetKind, textField } from './target-kind.ts'

interface SftpSettings {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly path: string
  /** `ssh-ed25519 AAAA…` */
  readonly hostKey: string
  /** A private key of OpenSSH without a passphrase. */
  readonly identity: string
}

const batchMs = 120_000
const maxOutputBytes = 64 * 1024 * 1024

export const sftpKind: TargetKind = {
  field: 'sftp',
  prepare(value, where) {
    const fields = objectField(value, where, ['host', 'port', 'user', 'path', 'hostKey', 'identity'])
    const { port = 22 } = fields
    if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535)
      throw new UserError(`${where}.port must be from 1 to 65535`)
    const settings: SftpSettings = {
      host: textField(fields, 'host', where, /^[A-Za-z0-9][A-Za-z0-9.:-]{0,253}$/, 'a host name or an address'),
      port,
      user: textField(fields, 'user', where, /^[a-z_][a-z0-9_.-]{0,31}$/, 'the name of a user'),
      path: textField(fields, 'path', where, /^\/[A-Za-z0-9/_.-]{0,512}$/, 'an absolute path of letters, digits, / _ . and -'),
      hostKey: textField(
        fields,
        'hostKey',
        where,
        /^(?:ssh-ed25519|ecdsa-sha2-nistp256|ssh-rsa) [A-Za-z0-9+/=]{16,2048}$/,
        'a key as in ssh_host_ed25519_key.pub, without its comment',
      ),
      identity: contentField(fields, 'identity', where),
    }
    return async () => await openSftp(settings)
  },
}

async function openSftp(settings: SftpSettings): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-sftp-'))
  try {
    const { host, port, hostKey, identity } = settings
    await writeFile(join(folder, 'known'), `${port === 22 ? host : `[${host}]:${port}`} ${hostKey}\n`, { mode: 0o600 })
    await writeFile(join(folder, 'identity'), identity.endsWith('\n') ? identity : `${identity}\n`, { mode: 0o600 })
    return new SftpTarget(settings, folder)
  } catch (err) {
    await rm(folder, { recursive: true, force: true })
    throw err
  }
}

class SftpTarget implements Target {
  readonly place: string
  readonly #settings: SftpSettings
  readonly #folder: string
  #made = false
  #files = 0

  constructor(settings: SftpSettings, folder: string) {
    this.place = `"${settings.path}" on ${settings.user}@${settings.host}`
    this.#settings = settings
    this.#folder = folder
  }

  async put(name: string, content: Buffer, signal: AbortSignal): Promise<void> {
    requireName(name)
    const local = join(this.#folder, `put-${this.#files++}`)
    await writeFile(local, content, { mode: 0o600 })
    const [part, path] = [this.#remote(`.part-${process.pid}-${this.#files}`), this.#remote(name)]
    try {
      const folders = this.#made ? [] : [linksFolder, packsFolder, reportsFolder].map(folder => `-mkdir ${this.#remote(folder)}`)
      // A hard link fails if the name exists: nothing is ever replaced.
      const { failure } = await this.#batch([...folders, `put -f ${local} ${part}`, `ln ${part} ${path}`, `rm ${part}`], signal)
      this.#made = true
      if (failure === undefined) return
      await this.#batch([`-rm ${part}`], signal)
      const stored = await this.get(name, content.length, signal)
      if (stored?.equals(content) === true) return
      if (stored !== undefined)
        throw new BackupFault('target', `"${name}" in ${this.place} exists with another content: another process writes there`)
      throw this.#failed(`write "${name}"`, failure)
    } finally {
      await rm(local, { force: true })
    }
  }

  async get(name: string, maxBytes: number, signal: AbortSignal): Promise<Buffer | undefined> {
    requireName(name)
    const listed = await this.#batch([`ls -ln ${this.#remote(name)}`], signal)
    if (listed.failure !== undefined) {
      if (isMissing(listed.failure)) return undefined
      throw this.#failed(`read "${name}"`, listed.failure)
    }
    const bytes = Number(listed.output.trim().split(/\s+/)[4])
    if (!(bytes <= maxBytes))
      throw new BackupFault('damaged', `"${name}" in ${this.place} has ${bytes} bytes, more than the ${maxBytes} that it may have`)
    const local = join(this.#folder, `get-${this.#files++}`)
    try {
      const { failure } = await this.#batch([`get ${this.#remote(name)} ${local}`], signal)
      if (failure !== undefined) throw this.#failed(`read "${name}"`, failure)
      if ((await stat(local)).size > maxBytes) throw new BackupFault('damaged', `"${name}" in ${this.place} grew beyond ${maxBytes} bytes`)
      return await readFile(local)
    } finally {
      await rm(local, { force: true })
    }
  }

  async list(folder: string, signal: AbortSignal): Promise<string[]> {
    const { failure, output } = await this.#batch([`ls -1 ${this.#remote(folder)}`], signal)
    if (failure !== undefined && isMissing(failure)) return []
    if (failure !== undefined) throw this.#failed(`list "${folder}"`, failure)
    const names = output.split('\n').map(line => line.trim().split('/').at(-1) ?? '')
    return names.flatMap(name => (name === '' || name.startsWith('.') ? [] : [`${folder}/${name}`])).sort()
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    requireName(name)
    const { failure } = await this.#batch([`rm ${this.#remote(name)}`], signal)
    if (failure !== undefined && !isMissing(failure)) throw this.#failed(`remove "${name}"`, failure)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  #remote(name: string): string {
    return `${this.#settings.path}/${name}`
  }

  #failed(what: string, failure: string): BackupFault {
    const why = /Permission denied \(/.test(failure)
      ? 'its key is not accepted there'
      : /Host key verification failed/.test(failure)
        ? 'its host key is not the pinned one: another machine answers'
        : /No space left|Failure/.test(failure)
          ? 'it refuses: it may be full'
          : /Permission denied/.test(failure)
            ? 'this user may not do that there'
            : (failure.trim().split('\n').at(-1) ?? '').slice(0, 300)
    return new BackupFault('target', `Cannot ${what} in ${this.place}: ${why}`)
  }

  /** `failure` is what it wrote to stderr if a command failed. */
  async #batch(
    commands: readonly string[],
    signal: AbortSignal,
  ): Promise<{ readonly output: string; readonly failure: string | undefined }> {
    const { host, port, user } = this.#settings
    const options = {
      ...{ StrictHostKeyChecking: 'yes', UserKnownHostsFile: join(this.#folder, 'known'), GlobalKnownHostsFile: '/dev/null' },
      ...{
        IdentitiesOnly: 'yes',
        IdentityFile: join(this.#folder, 'identity'),
        PreferredAuthentications: 'publickey',
        ConnectTimeout: '15',
      },
      ...{ LogLevel: 'ERROR', ServerAliveInterval: '15', ServerAliveCountMax: '2' },
    }
    const given = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
    const [program = '', ...before] = command()
    const child = spawn(
      program,
      [...before, '-F', '/dev/null', '-P', String(port), '-b', '-', ...given, `${user}@${host.includes(':') ? `[${host}]` : host}`],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
        signal: AbortSignal.any([signal, AbortSignal.timeout(batchMs)]),
      },
    )
    let output = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < maxOutputBytes) output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (errors.length < 16_384) errors += text
    })
    child.stdin.on('error', () => undefined) // its exit tells the reason
    child.stdin.end(`${commands.join('\n')}\n`)
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    }).catch((err: unknown) => {
      if (signal.aborted) throw signal.reason
      const why = codeOf(err) === 'ENOENT' ? 'the program "sftp" is missing: install openssh-client' : messageOf(err)
      throw new BackupFault('target', `Cannot reach ${this.place}: ${why}`, { cause: err })
    })
    const lines = output.split('\n').filter(line => !line.startsWith('sftp> '))
    return { output: lines.join('\n'), failure: code === 0 ? undefined : errors || `exit code ${code}` }
  }
}

const isMissing = (failure: string): boolean => /No such file|not found/i.test(failure)

let known: readonly string[] | undefined

/**
 * OpenSSH refuses a user without an entry in /etc/passwd, which the users of parts do not have: in a user namespace of its own it sees the
 * entry of root, and has no further right.
 */
function command(): readonly string[] {
  known ??= hasEntry(process.getuid?.() ?? 0) ? ['sftp'] : ['unshare', '--map-root-user', '--', 'sftp']
  return known
}

const hasEntry = (user: number): boolean =>
  readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .some(line => line.split(':')[2] === String(user))
