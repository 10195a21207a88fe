// Images from a registry: a real one over TLS with an authority of its own and a password, as Debian packages it.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createKeyAndCsr } from '../../src/access/pki/key-and-csr.ts'
import { buildImage } from '../../src/node/images/oci-image.ts'
import { createMemorySigner } from '../../src/signer/memory-signer.ts'
import { freePort, noContainers, run, TestCluster, temporaryFolder, until } from '../cluster.ts'

const skip = noContainers()
const user = 'bob'
const password = 'of-the-test'
/** The password above, as docker-registry wants it. */
const htpasswd = 'bob:$2y$05$v5MnzdqoRagN2YKOaTg0Rer1MmhfchHOf4HjMLK7YsoIBxTCLS1E6'

let folder: string
let dataDirectory: string
let registry: ChildProcess
let host: string
let cluster: TestCluster

before(async () => {
  if (skip !== false) return
  folder = temporaryFolder()
  dataDirectory = temporaryFolder()
  host = `127.0.0.1:${await freePort()}`
  await startRegistry()
  cluster = await TestCluster.start({ dataDirectory })
  // As a user describes a registry with an authority of its own to the node's containerd.
  const described = join(dataDirectory, 'node', 'containerd', 'registries', host)
  mkdirSync(described, { recursive: true })
  writeFileSync(join(described, 'hosts.toml'), `server = "https://${host}"\n[host."https://${host}"]\n  ca = "${join(folder, 'ca.crt')}"\n`)
  await cluster.kubectl(
    'create',
    'secret',
    'docker-registry',
    'pull',
    `--docker-server=${host}`,
    `--docker-username=${user}`,
    `--docker-password=${password}`,
  )
})

after(async () => {
  if (skip !== false) return
  await cluster?.[Symbol.asyncDispose]()
  registry?.kill()
  for (const path of [folder, dataDirectory]) rmSync(path, { recursive: true, force: true })
})

async function startRegistry(): Promise<void> {
  await using signer = createMemorySigner()
  const { signal } = new AbortController()
  const { keyPem, csr } = await createKeyAndCsr({ commonName: 'registry' })
  const names = { commonName: 'registry', organizations: [], dnsNames: [], ipAddresses: ['127.0.0.1'] }
  writeFileSync(
    join(folder, 'tls.crt'),
    await signer.issueCertificate({ authority: 'serving', csr, ...names, lifetimeSeconds: 3600 }, signal),
  )
  writeFileSync(join(folder, 'tls.key'), keyPem, { mode: 0o600 })
  writeFileSync(join(folder, 'ca.crt'), await signer.authority('serving', signal))
  writeFileSync(join(folder, 'htpasswd'), `${htpasswd}\n`)
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: host, tls: { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') } },
    auth: { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } },
  }
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config))
  registry = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' })
  // Not the node's own image, which all pods may use under any name.
  const image = buildImage({
    name: 'team/app:1',
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    user: '65532:65532',
    files: [
      { path: 'bin/', mode: 0o755 },
      { path: 'bin/busybox', mode: 0o755, content: readFileSync('/usr/bin/busybox') },
      ...['sh', 'sleep'].map(name => ({ path: `bin/${name}`, mode: 0o777, linkTo: 'busybox' })),
    ],
  })
  writeFileSync(join(folder, 'app.tar'), image.archive)
  const push = [
    'copy',
    '--quiet',
    `--dest-creds=${user}:${password}`,
    `oci-archive:${join(folder, 'app.tar')}`,
    `docker://${host}/team/app:1`,
  ]
  const environment = { SSL_CERT_FILE: join(folder, 'ca.crt') }
  await until('the image is in the registry', async () => (await run('skopeo', push, { environment })).code === 0)
}

const podOf = (name: string, secrets: readonly object[], imagePullPolicy = 'IfNotPresent') =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      imagePullSecrets: secrets,
      containers: [
        {
          name: 'app',
          image: `${host}/team/app:1`,
          imagePullPolicy,
          command: ['sh', '-c', 'trap exit TERM; sleep 1000 & wait'],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  })

/** Events are written behind the status that they explain. */
const described = (pod: string, event: RegExp): Promise<void> =>
  until(`${pod} described with ${event}`, async () => event.test(await cluster.kubectl('describe', 'pod', pod)))

const waitingReason = (pod: string) =>
  cluster.kubectl('get', 'pod', pod, '-o', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}')

test('an image of a private registry is not pulled without its password, with a reason', { skip }, async () => {
  const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], podOf('stranger', []))
  assert.equal(code, 0, stderr)
  await until('the pull is refused', async () => ['ErrImagePull', 'ImagePullBackOff'].includes(await waitingReason('stranger')))
  await described('stranger', /Failed to pull image .*authorization failed/)
})

test("with the pod's pull secret it runs, over TLS with the registry's own authority", { skip }, async () => {
  const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], podOf('member', [{ name: 'pull' }]))
  assert.equal(code, 0, stderr)
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/member', '--timeout=150s')
  await described('member', new RegExp(`Successfully pulled image "${host}/team/app:1"`))
})

test('CVE-2015-7561: a private image on the node does not run for others', { skip }, async () => {
  const rows: readonly [name: string, policy: string, reasons: readonly string[]][] = [
    ['late', 'IfNotPresent', ['ErrImagePull', 'ImagePullBackOff']],
    ['never', 'Never', ['ErrImageNeverPull']],
  ]
  for (const [name, policy, reasons] of rows) {
    const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], podOf(name, [], policy))
    assert.equal(code, 0, stderr)
    await until(`${name} is refused`, async () => reasons.includes(await waitingReason(name)))
  }
  const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], podOf('offline', [{ name: 'pull' }], 'Never'))
  assert.equal(code, 0, stderr)
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/offline', '--timeout=150s')
})
