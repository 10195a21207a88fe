// Debian's servers on loopback, as targets: python3-moto, OpenSSH and docker-registry.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'

export interface RunningServer extends AsyncDisposable {
  readonly port: number
  readonly folder: string
}

export function lacking(...tools: readonly string[]): string | false {
  const missing = tools.filter(path => !existsSync(path))
  return missing.length === 0 ? false : `not installed: ${missing.join(', ')}`
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}

/** `ca.crt` and `tls.key` for 127.0.0.1: a certificate that is its own authority. */
function makeCertificate(folder: string): void {
  const extensions = ['subjectAltName=IP:127.0.0.1', 'basicConstraints=critical,CA:TRUE']
  const more = extensions.flatMap(extension => ['-addext', extension])
  const files = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'ca.crt')]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync('openssl', ['req', '-x509', ...key, '-days', '2', '-subj', '/CN=target', ...more, ...files], { stdio: 'ignore' })
}

async function run(
  program: string,
  args: (port: number, folder: string) => readonly string[],
  prepare: (folder: string, port: number) => void,
): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), 'target-server-'))
  const port = await freePort()
  prepare(folder, port)
  const child = spawn(program, args(port, folder), { stdio: 'ignore', cwd: folder })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const deadline = Date.now() + 60_000
  while (!(await answers(port))) {
    if (Date.now() > deadline || child.exitCode !== null) throw new Error(`${program} does not answer`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return {
    ...{ port, folder },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
    const end = (ok: boolean) => {
      socket.destroy()
      resolve(ok)
    }
    socket.once('secureConnect', () => end(true))
    // It answers, but not in TLS.
    socket.once('error', err => end('code' in err && err.code !== 'ECONNREFUSED'))
  })
}

export const startMoto = (): Promise<RunningServer> =>
  run(
    '/usr/bin/python3',
    (port, folder) => [
      '/usr/bin/moto_server',
      '-H',
      '127.0.0.1',
      '-p',
      String(port),
      '-c',
      join(folder, 'ca.crt'),
      '-k',
      join(folder, 'tls.key'),
    ],
    makeCertificate,
  )

export const startRegistry = (): Promise<RunningServer> =>
  run(
    '/usr/bin/docker-registry',
    (_, folder) => ['serve', join(folder, 'config.yml')],
    (folder, port) => {
      makeCertificate(folder)
      mkdirSync(join(folder, 'data'))
      const config = {
        version: 0.1,
        storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
        http: { addr: `127.0.0.1:${port}`, tls: { certificate: join(folder, 'ca.crt'), key: join(folder, 'tls.key') } },
      }
      writeFileSync(join(folder, 'config.yml'), JSON.stringify(config))
    },
  )

/** For root, which sshd needs to be. Keys `host` and `client`, each with `.pub`. */
export const startSshd = (): Promise<RunningServer> =>
  run(
    '/usr/sbin/sshd',
    (port, folder) => ['-D', '-e', '-f', join(folder, 'config'), '-p', String(port), '-o', 'ListenAddress=127.0.0.1'],
    folder => {
      mkdirSync('/run/sshd', { recursive: true })
      for (const name of ['host', 'client']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)])
      const lines = [
        `HostKey ${join(folder, 'host')}`,
        `AuthorizedKeysFile ${join(folder, 'client.pub')}`,
        'StrictModes no',
        'PermitRootLogin prohibit-password',
        'PasswordAuthentication no',
        'UsePAM no',
        `PidFile ${join(folder, 'pid')}`,
        'Subsystem sftp internal-sftp',
      ]
      writeFileSync(join(folder, 'config'), `${lines.join('\n')}\n`)
      mkdirSync(join(folder, 'target'))
    },
  )

/** The first two words: without the comment. */
export const publicKey = (folder: string, name: string): string =>
  readFileSync(join(folder, `${name}.pub`), 'utf8')
    .split(' ')
    .slice(0, 2)
    .join(' ')
    .trim()

export const thisUser = (): string => userInfo().username
