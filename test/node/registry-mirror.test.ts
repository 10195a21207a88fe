// RegistryMirror on a real node: the images of a registry that does not exist come from a mirror with an authority and a password of its own, and through the
// cluster's registry by the rights of the API. Needs the Debian packages docker-registry, skopeo and what a node needs.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { freePort, noContainers, TestCluster, until } from '../cluster.ts'
import { noRegistry } from '../registry/running-registry.ts'
import { login, RealRegistry } from '../supply-chain/real-registry.ts'

const skip = noContainers() || noRegistry()

suite('mirrors of registries', { skip, timeout: 600_000 }, () => {
  let cluster: TestCluster
  let mirror: RealRegistry

  before(async () => {
    mirror = await RealRegistry.start({ password: true })
    await mirror.push('1')
    await mirror.push('2')
    cluster = await TestCluster.start({ flags: ['--registry', '--registry-port', String(await freePort())] })
    await cluster.kubectl('create', 'namespace', 'apps')
    await cluster.kubectl(
      ...['create', 'secret', 'docker-registry', 'registry-mirrors', '-n', 'kube-system', `--docker-server=${mirror.host}`],
      ...[`--docker-username=${login.username}`, `--docker-password=${login.password}`],
    )
  })
  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
    await mirror?.[Symbol.asyncDispose]()
  })

  const apply = async (object: object) => {
    const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], JSON.stringify(object))
    assert.equal(code, 0, stderr)
    return stderr
  }
  const mirrorOf = (registry: string, spec: object) =>
    apply({
      ...{ apiVersion: 'supply.bulkhead.dev/v1', kind: 'RegistryMirror', metadata: { name: registry.split('.')[0] } },
      spec: { registry, mirrors: [{ endpoint: mirror.host, authorities: mirror.authorities }], only: true, ...spec },
    })
  /** The image has no program: what counts is that it is there, and that its digest was admitted. */
  const podOf = (name: string, image: string) =>
    apply({
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'apps' } },
      spec: {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        restartPolicy: 'Never',
        containers: [
          { name: 'c', image, command: ['/hello'], securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } },
        ],
      },
    })
  const events = (pod: string) => cluster.kubectl('get', 'events', '-n', 'apps', '--field-selector', `involvedObject.name=${pod}`)
  const pulled = (pod: string) =>
    until(`${pod} has its image`, async () => {
      const text = await events(pod)
      assert.doesNotMatch(text, /Failed to pull/)
      return /Successfully pulled image/.test(text)
    })
  const imageOf = (pod: string) => cluster.kubectl('get', 'pod', '-n', 'apps', pod, '-o', 'jsonpath={.spec.containers[0].image}')

  test('an image of a registry that does not exist is resolved and pulled from its mirror', async () => {
    await mirrorOf('gone.example.com', {})
    await until('the part artifacts knows the mirror', async () => !/Warning/.test(await podWarnings('gone.example.com/shop/web:1')))
    await podOf('plain', 'gone.example.com/shop/web:1')
    assert.match(await imageOf('plain'), /^gone\.example\.com\/shop\/web:1@sha256:/)
    await pulled('plain')
  })

  const podWarnings = async (image: string): Promise<string> => {
    const name = 'try'
    const warnings = await podOf(name, image)
    await cluster.kubectl('delete', 'pod', '-n', 'apps', name, '--wait=true', '--grace-period=0', '--force')
    return warnings
  }

  test("through the cluster's registry it comes with the right to pull there, and without it never, though the node has it", async () => {
    await mirrorOf('hub.example.com', { pullThrough: { namespace: 'hub' } })
    await cluster.kubectl('create', 'namespace', 'hub')
    await until('the part artifacts knows the mirror', async () => !/Warning/.test(await podWarnings('hub.example.com/shop/web:2')))
    await podOf('refused', 'hub.example.com/shop/web:2')
    await until('it is refused', async () => /may not pull "hub\/shop\/web"/.test(await events('refused')))
    await cluster.kubectl(
      ...['create', 'rolebinding', 'pull', '-n', 'hub', '--clusterrole=bulkhead:repository-puller', '--group=system:serviceaccounts:apps'],
    )
    await podOf('allowed', 'hub.example.com/shop/web:2')
    await pulled('allowed')
    await cluster.kubectl('delete', 'rolebinding', 'pull', '-n', 'hub')
    await podOf('late', 'hub.example.com/shop/web:2')
    await until('it is refused although the image is there', async () => /may not pull "hub\/shop\/web"/.test(await events('late')))
  })
})
