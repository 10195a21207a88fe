// `bulkhead up --registry` with a simulated node: its parts, their users, and a login with the kubeconfig. Needs the Debian packages
// docker-registry, skopeo and kubectl.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { buildImage } from '../../src/node/images/oci-image.ts'
import { bulkhead, freePort, noKubectl, run, TestCluster, temporaryFolder, until } from '../cluster.ts'
import { noRegistry } from './running-registry.ts'

suite('bulkhead up --registry', { skip: noRegistry() || noKubectl, timeout: 300_000 }, () => {
  let cluster: TestCluster
  let folder = ''
  let host = ''
  let ca = ''

  before(async () => {
    const port = await freePort()
    host = `127.0.0.1:${port}`
    folder = temporaryFolder()
    cluster = await TestCluster.start({ flags: ['--simulated-nodes', '1', '--registry', '--registry-port', String(port)] })
    ca = join(cluster.dataDirectory, 'registry-ca.pem')
  })
  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  const skopeo = (...args: readonly string[]) => run('skopeo', args, { environment: { SSL_CERT_FILE: ca, HOME: folder } })

  test('its parts have users of their own, and docker-registry has no port and no key', async () => {
    assert.match(cluster.output, new RegExp(`registry    [^ ]+ \\(authority: ${ca}\\)`))
    const { parts } = await cluster.status()
    const users = parts.filter(({ name }) => name !== 'node').map(({ userId }) => userId)
    if (process.getuid?.() === 0) assert.equal(new Set(users).size, users.length)
    const store = await cluster.part('registry-store')
    const listening = (await run('ss', ['-lntpH'])).stdout
    assert.doesNotMatch(listening, /docker-registry/)
    assert.match(listening, new RegExp(`:${host.split(':')[1]} `))
    const found = await run('find', [join(cluster.dataDirectory, 'registry-store'), '-name', '*.key'])
    assert.deepEqual([found.code, found.stdout], [0, ''])
    const socket = join(cluster.dataDirectory, 'run', 'registry', 'store.sock')
    assert.equal(statSync(socket).mode & 0o777, 0o770)
    assert.equal(statSync(socket).uid, store.userId)
  })

  test('a user with a certificate logs in, pushes and reads back', async () => {
    const file = join(folder, 'auth.json')
    const login = await bulkhead('registry', 'login', '--kubeconfig', cluster.kubeconfig, '--authfile', file, host)
    assert.equal(login.code, 0, login.stderr)
    assert.match(login.stdout, new RegExp(`^"bulkhead-admin" is logged in to ${host} until `))
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const image = buildImage({
      ...{ name: 'web:1', architecture: 'amd64', user: '65532:65532' },
      files: [{ path: 'hello', mode: 0o644, content: Buffer.from('hello') }],
    })
    writeFileSync(join(folder, 'web.tar'), image.archive)
    const pushed = await skopeo(
      'copy',
      '--quiet',
      '--authfile',
      file,
      `oci-archive:${join(folder, 'web.tar')}`,
      `docker://${host}/default/web:1`,
    )
    assert.equal(pushed.code, 0, pushed.stderr)
    assert.equal((await skopeo('inspect', '--raw', '--authfile', file, `docker://${host}/default/web:1`)).code, 0)
    assert.notEqual((await skopeo('inspect', '--raw', '--no-creds', `docker://${host}/default/web:1`)).code, 0)
    const copied = await bulkhead('image', 'export', '--auth-file', file, '--ca', ca, `${host}/default/web:1`, join(folder, 'out.tar'))
    assert.equal(copied.code, 0, copied.stderr)
    assert.ok(existsSync(join(folder, 'out.tar')))
  })

  test('the cluster says where its registry is', async () => {
    const map = await cluster.kubectl('get', 'configmap', '-n', 'kube-public', 'local-registry-hosting', '-o', 'jsonpath={.data.hosts}')
    assert.ok(map.split('\n').includes(host), map)
    assert.match(readFileSync(ca, 'utf8'), /BEGIN CERTIFICATE/)
  })

  test('killed parts come back, with what was pushed', async () => {
    const { stdout: password } = await bulkhead('registry', 'login', '--kubeconfig', cluster.kubeconfig, '--print', host)
    for (const part of ['registry-store', 'registry-front']) {
      await cluster.killPart(part)
      const inspect = ['inspect', '--raw', `--creds=any:${password.trim()}`, `docker://${host}/default/web:1`]
      await until('the image is there', async () => (await skopeo(...inspect)).code === 0)
    }
  })

  test('the proofs of the registry hold', async () => {
    const proofs = await bulkhead('prove', '--data-dir', cluster.dataDirectory, 'S11', 'S12')
    assert.equal(proofs.code, 0, proofs.stdout + proofs.stderr)
    assert.match(proofs.stdout, /2 held, 0 failed, 0 skipped/)
  })
})
