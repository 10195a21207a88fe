// Pods with images of the cluster's own registry, in real containers. Needs the Debian packages docker-registry and skopeo.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { buildImage } from '../../src/node/images/oci-image.ts'
import { bulkhead, freePort, noContainers, run, TestCluster, temporaryFolder, until } from '../cluster.ts'
import { noRegistry } from '../registry/running-registry.ts'

suite("the cluster's own registry and a real node", { skip: noContainers() || noRegistry(), timeout: 600_000 }, () => {
  let cluster: TestCluster
  let host = ''
  let folder = ''

  before(async () => {
    folder = temporaryFolder()
    const port = await freePort()
    cluster = await TestCluster.start({ flags: ['--registry', '--registry-port', String(port)] })
    const hosts = await cluster.kubectl('get', 'configmap', '-n', 'kube-public', 'local-registry-hosting', '-o', 'jsonpath={.data.hosts}')
    host = hosts.split('\n')[0] ?? ''
    await cluster.kubectl('create', 'namespace', 'shop')
    await until('the account default is there', async () => (await cluster.tryKubectl(['get', '-n', 'shop', 'sa', 'default'])).code === 0)
    for (const name of ['may', 'maynot', 'builder']) await cluster.kubectl('create', '-n', 'shop', 'serviceaccount', name)
    await bind('builder', 'bulkhead:repository-pusher')
    await bind('may', 'bulkhead:repository-puller')
    await push()
  })
  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  const bind = (account: string, role: string) =>
    cluster.kubectl('create', '-n', 'shop', 'rolebinding', account, `--clusterrole=${role}`, `--serviceaccount=shop:${account}`)

  async function push(): Promise<void> {
    const image = buildImage({
      ...{ name: 'shop/app:1', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', user: '65532:65532' },
      files: [
        { path: 'bin/', mode: 0o755 },
        { path: 'bin/busybox', mode: 0o755, content: readFileSync('/usr/bin/busybox') },
        ...['sh', 'sleep'].map(name => ({ path: `bin/${name}`, mode: 0o777, linkTo: 'busybox' })),
      ],
    })
    const archive = join(folder, 'app.tar')
    writeFileSync(archive, image.archive)
    const token = (await cluster.kubectl('create', '-n', 'shop', 'token', 'builder', '--audience', 'registry.bulkhead.dev')).trim()
    const { code, stderr } = await run(
      'skopeo',
      ['copy', '--quiet', `--dest-creds=any:${token}`, `oci-archive:${archive}`, `docker://${host}/shop/app:1`],
      { environment: { SSL_CERT_FILE: join(cluster.dataDirectory, 'registry-ca.pem'), HOME: folder } },
    )
    assert.equal(code, 0, stderr)
  }

  const start = async (name: string, serviceAccountName: string, imagePullPolicy: string, command: string) => {
    const pod = {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'shop' } },
      spec: {
        ...{ serviceAccountName, terminationGracePeriodSeconds: 0 },
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            ...{ name: 'app', image: `${host}/shop/app:1`, imagePullPolicy, command: ['sh', '-c', command] },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    }
    const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], JSON.stringify(pod))
    assert.equal(code, 0, stderr)
  }
  const stateOf = (pod: string, path: string) =>
    cluster.kubectl('get', '-n', 'shop', 'pod', pod, '-o', `jsonpath={.status.containerStatuses[0].${path}}`)
  const waitingWith = (pod: string, reason: string) =>
    until(`${pod} waits with ${reason}`, async () => (await stateOf(pod, 'state.waiting.reason')) === reason)

  test('a pod pulls with a credential of its own, and no Secret has one', async () => {
    await start('first', 'may', 'IfNotPresent', 'sleep 3')
    await until('the pod has run', async () => (await stateOf('first', 'imageID')) !== '')
    assert.doesNotMatch(await cluster.kubectl('get', 'secrets', '-A', '-o', 'jsonpath={.items[*].type}'), /dockerc/)
    assert.match(await cluster.kubectl('get', '-n', 'shop', 'pod', 'first', '-o', 'jsonpath={.spec.containers[0].image}'), /@sha256:/)
  })

  test('another account does not get the image that is on the node', async () => {
    await start('other', 'maynot', 'IfNotPresent', 'sleep 1000')
    await waitingWith('other', 'ErrImagePull')
    await start('never', 'maynot', 'Never', 'sleep 1000')
    await waitingWith('never', 'ErrImageNeverPull')
    const described = await cluster.kubectl('describe', '-n', 'shop', 'pod', 'other')
    assert.match(described, /may not pull "shop\/app" from the cluster's registry/)
  })

  test('after the right was revoked, the container does not start again; with it, it does', async () => {
    await cluster.kubectl('delete', '-n', 'shop', 'rolebinding', 'may')
    await waitingWith('first', 'ErrImagePull')
    const restarts = Number(await stateOf('first', 'restartCount'))
    await bind('may', 'bulkhead:repository-puller')
    await until('it starts again', async () => Number(await stateOf('first', 'restartCount')) > restarts)
  })

  test('proofs S11 and S12 hold', async () => {
    const proofs = await bulkhead('prove', '--data-dir', cluster.dataDirectory, 'S11', 'S12')
    assert.equal(proofs.code, 0, proofs.stdout + proofs.stderr)
    assert.match(proofs.stdout, /2 held, 0 failed, 0 skipped/)
  })
})
