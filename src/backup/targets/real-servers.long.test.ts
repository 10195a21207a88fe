import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { BackupFault } from '../backup-fault.ts'
import { ociKind } from './oci-target.ts'
import { lacking, publicKey, type RunningServer, startMoto, startRegistry, startSshd, thisUser } from './real-servers.testing.ts'
import { s3Kind } from './s3-target.ts'
import { sftpKind } from './sftp-target.ts'
import { targetContract } from './target.contract.ts'
import { packName } from './target.ts'

const { signal } = new AbortController()
const isFault = (want: RegExp) => (err: unknown) => err instanceof BackupFault && err.fault === 'target' && want.test(err.message)
const credentials = 'aws_access_key_id = tester\naws_secret_access_key = not-in-any-log\n'
const someName = packName('a'.repeat(64))

describe('S3', { skip: lacking('/usr/bin/moto_server') }, () => {
  let server: RunningServer
  const settings = (more: object = {}) => ({
    ...{ endpoint: `https://127.0.0.1:${server.port}/`, bucket: 'backups', prefix: 'cluster/', credentials },
    ca: readFileSync(join(server.folder, 'ca.crt'), 'utf8'),
    ...more,
  })
  const open = (more: object = {}) => s3Kind.prepare(settings(more), 'test')(signal)
  before(async () => {
    server = await startMoto()
    for (const [bucket, headers] of [
      ['backups', {}],
      ['locked', { 'x-amz-bucket-object-lock-enabled': 'true' }],
    ] as const)
      await makeBucket(server, bucket, headers)
  })
  after(async () => await server[Symbol.asyncDispose]())

  targetContract('S3-compatible store', () => open())

  test('locks each file for the days of the settings', async () => {
    await using target = await open({ bucket: 'locked', lockDays: 30 })
    await target.put(someName, Buffer.from('locked'), signal)
    assert.equal((await target.get(someName, 100, signal))?.toString(), 'locked')
    const lock = await ask(server, 'GET', `/locked/cluster/${someName}`, {})
    assert.match(lock, /"x-amz-object-lock-mode":"COMPLIANCE"/)
  })

  test('says what is wrong, and never its secret', async () => {
    const rejects = async (more: object, want: RegExp) => {
      await using target = await open(more)
      await assert.rejects(
        target.put(someName, Buffer.from('x'), signal),
        err => isFault(want)(err) && !String(err).includes('not-in-any-log'),
      )
    }
    await rejects({ bucket: 'none' }, /the bucket does not exist/)
    await rejects({ ca: undefined }, /Cannot reach the bucket "backups".*(self-signed|certificate)/)
    await rejects({ endpoint: 'https://127.0.0.1:1/' }, /Cannot reach/)
  })
})

async function makeBucket(server: RunningServer, bucket: string, headers: Readonly<Record<string, string>>): Promise<void> {
  await ask(server, 'PUT', `/${bucket}`, {}, headers)
}

/** As an administrator of the store; moto accepts every signature. */
async function ask(
  server: RunningServer,
  method: string,
  path: string,
  query: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
) {
  const { request } = await import('node:https')
  const { signAws, awsQuery } = await import('./aws-signature.ts')
  const host = `127.0.0.1:${server.port}`
  const signed = signAws(
    { method, host, path, query, headers, body: Buffer.alloc(0) },
    { keyId: 'a', secret: 'b' },
    'us-east-1',
    Date.now(),
  )
  return await new Promise<string>((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: server.port,
        method,
        path: `${path}?${awsQuery(query)}`,
        headers: signed,
        ca: readFileSync(join(server.folder, 'ca.crt')),
      },
      answer => {
        let text = ''
        answer.setEncoding('utf8').on('data', (piece: string) => (text += piece))
        answer.on('end', () =>
          answer.statusCode === 200
            ? resolve(`${JSON.stringify(answer.headers)}${text}`)
            : reject(new Error(`${answer.statusCode} ${text}`)),
        )
      },
    )
    sent.on('error', reject)
    sent.end()
  })
}

describe('OCI', { skip: lacking('/usr/bin/docker-registry') }, () => {
  let server: RunningServer
  const open = () => {
    const ca = readFileSync(join(server.folder, 'ca.crt'), 'utf8')
    return ociKind.prepare({ host: `127.0.0.1:${server.port}`, repository: 'backups/cluster', ca }, 'test')(signal)
  }
  before(async () => {
    server = await startRegistry()
  })
  after(async () => await server[Symbol.asyncDispose]())

  targetContract('OCI registry', open)
})

const noSshd = process.getuid?.() === 0 ? lacking('/usr/sbin/sshd', '/usr/bin/sftp') : 'needs root to start sshd'

describe('SFTP', { skip: noSshd }, () => {
  let server: RunningServer
  const open = (more: object = {}) =>
    sftpKind.prepare(
      {
        ...{ host: '127.0.0.1', port: server.port, user: thisUser(), path: join(server.folder, 'target') },
        ...{ hostKey: publicKey(server.folder, 'host'), identity: readFileSync(join(server.folder, 'client'), 'utf8') },
        ...more,
      },
      'test',
    )(signal)
  before(async () => {
    server = await startSshd()
  })
  after(async () => await server[Symbol.asyncDispose]())

  targetContract('SFTP', () => open())

  test('refuses a host with another key than the pinned one, and says that its own is not accepted', async () => {
    await using other = await open({ hostKey: publicKey(server.folder, 'client') })
    await assert.rejects(
      other.put(someName, Buffer.from('x'), signal),
      isFault(/its host key is not the pinned one: another machine answers/),
    )
    await using unknown = await open({ identity: readFileSync(join(server.folder, 'host'), 'utf8') })
    await assert.rejects(unknown.put(someName, Buffer.from('x'), signal), isFault(/its key is not accepted there/))
  })
})
