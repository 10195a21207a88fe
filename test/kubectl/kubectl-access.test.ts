// kubectl's commands about rights, certificates and tokens, what it refuses to send, and the API behind `kubectl proxy`
// (upstream's test/cmd/rbac.sh, certificate.sh, authorization.sh, create.sh, discovery.sh, proxy.sh).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ecRequest, pemOf } from '../../src/api/resources/certificates/pem.fixture.ts'
import { widgetDefinition } from '../../src/server/custom-resources/widgets.testing.ts'
import { noKubectl, until } from '../cluster.ts'
import { KubectlSession } from './kubectl-session.ts'

describe('kubectl', { skip: noKubectl }, () => {
  let session: KubectlSession
  const kubectl = (...args: string[]): Promise<string> => session.kubectl(...args)

  before(async () => {
    session = await KubectlSession.start()
    await session.enter('access')
  })
  after(async () => {
    await session?.[Symbol.asyncDispose]()
  })

  test('binds, changes and reconciles roles', async () => {
    await kubectl('create', 'clusterrole', 'reader', '--verb=get,list', '--resource=pods,deployments.apps')
    assert.equal(await session.read('clusterrole reader', '{.rules[*].resources[*]}'), 'pods deployments')
    await kubectl('create', 'clusterrolebinding', 'reader', '--clusterrole=reader', '--user=ann')
    await kubectl('set', 'subject', 'clusterrolebinding', 'reader', '--group=team', '--serviceaccount=access:build')
    assert.equal(await session.read('clusterrolebinding reader', '{.subjects[*].name}'), 'ann team build')
    const missing = await session.refused('create', 'role', 'x', '--verb=get', '--resource=rs.no-group/scale')
    assert.match(missing, /the server doesn't have a resource type "rs" in group "no-group"/)
    const role = (verbs: string[]) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'kept', namespace: 'access-new' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs }],
    })
    // The namespace comes with the role.
    await kubectl('auth', 'reconcile', '-n', 'access-new', '-f', session.file('wide.yaml', role(['get', 'list'])))
    const narrow = session.file('narrow.yaml', role(['get']))
    await kubectl('auth', 'reconcile', '-n', 'access-new', '-f', narrow)
    assert.equal(await session.read('role kept -n access-new', '{.rules[*].verbs[*]}'), 'get list')
    await kubectl('auth', 'reconcile', '-n', 'access-new', '-f', narrow, '--remove-extra-permissions')
    assert.equal(await session.read('role kept -n access-new', '{.rules[*].verbs[*]}'), 'get')
  })

  test('approves and denies certificates, requested on behalf of another user', async () => {
    const file = session.file('csr.yaml', {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'ann' },
      spec: {
        request: pemOf('CERTIFICATE REQUEST', ecRequest),
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['digital signature', 'client auth'],
      },
    })
    await kubectl('create', 'clusterrole', 'asker', '--verb=create', '--resource=certificatesigningrequests')
    await kubectl('create', 'clusterrolebinding', 'asker', '--clusterrole=asker', '--user=ann')
    for (const [verb, condition] of [
      ['deny', 'Denied'],
      ['approve', 'Approved'],
    ] as const) {
      await kubectl('create', '-f', file, '--as=ann', '--as-uid=7', '--as-group=g2', '--as-group=,,g1')
      assert.equal(
        await session.read('csr ann', '{.spec.username}/{.spec.uid} {.spec.groups}'),
        'ann/7 ["g2",",,g1","system:authenticated"]',
      )
      await kubectl('certificate', verb, 'ann')
      assert.equal(await session.read('csr ann', '{.status.conditions[*].type}'), condition)
      if (verb === 'approve') await until('the certificate', async () => (await kubectl('get', 'csr', 'ann')).includes('Approved,Issued'))
      await kubectl('delete', '-f', file)
    }
    assert.match(await session.refused('get', 'pods', '--as-group=g1'), /without impersonating a user/)
  })

  test('creates tokens that are bound to objects', async () => {
    await kubectl('create', 'serviceaccount', 'build')
    await kubectl('create', 'secret', 'generic', 'bound')
    const token = await kubectl('create', 'token', 'build', '--bound-object-kind=Secret', '--bound-object-name=bound', '--duration=1h')
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    assert.ok(claims !== null && typeof claims === 'object' && 'sub' in claims)
    assert.equal(claims.sub, 'system:serviceaccount:access:build')
    const absent = await session.refused('create', 'token', 'build', '--bound-object-kind=Secret', '--bound-object-name=no')
    assert.match(absent, /secrets "no" not found/)
    assert.match(await session.refused('create', 'token', 'nobody'), /serviceaccounts "nobody" not found/)
  })

  test('reports unknown fields, as strictly as requested', async () => {
    const file = session.file('unknown.yaml', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'odd', unknownMeta: 'a' },
      unknown: 1,
    })
    for (const flag of ['--validate=true', '--validate=strict']) {
      assert.match(
        await session.refused('create', '-f', file, flag),
        /strict decoding error: unknown field "metadata.unknownMeta", unknown field "unknown"/,
      )
    }
    const { code, stdout, stderr } = await session.try(['create', '-f', file, '--validate=warn'])
    assert.deepEqual([code, stdout], [0, 'configmap/odd created\n'])
    assert.equal(stderr, 'Warning: unknown field "metadata.unknownMeta"\nWarning: unknown field "unknown"\n')
    await kubectl('delete', 'configmap', 'odd')
    assert.equal((await session.try(['create', '-f', file, '--validate=ignore'])).stderr, '')
    assert.match(
      await session.refused('create', '--raw', '/api/v1/namespaces', '-f', file),
      /the object provided is unrecognized \(must be of type Namespace\)/,
    )
  })

  test('resolves a short name of two kinds to the older kind, and warns', async () => {
    const names = { shortNames: ['sh', 'po'] }
    for (const [plural, kind, group] of [
      ['firsts', 'First', 'a.example.com'],
      ['seconds', 'Second', 'b.example.com'],
    ] as const) {
      await kubectl('create', '-f', session.file(`${plural}.yaml`, widgetDefinition({ plural, kind, group, names })))
      await kubectl('wait', '--for=condition=Established', `crd/${plural}.${group}`, '--timeout=150s')
    }
    await kubectl('create', '-f', session.file('first.yaml', { apiVersion: 'a.example.com/v1', kind: 'First', metadata: { name: 'one' } }))
    const { stdout, stderr } = await session.try(['get', 'sh', '-o', 'name'])
    assert.equal(stdout, 'first.a.example.com/one\n')
    assert.match(stderr, /short name "sh" could also match lower priority resource seconds.b.example.com/)
    // A built-in kind keeps its own.
    assert.equal((await session.try(['get', 'po', '-o', 'name'])).stdout, '')
    await kubectl('delete', 'crd', 'firsts.a.example.com', 'seconds.b.example.com')
  })

  test('proxies the whole API, optionally below a prefix', async () => {
    const codes = (port: string, paths: readonly string[]): Promise<number[]> =>
      Promise.all(
        paths.map(async path => {
          const response = await fetch(`http://127.0.0.1:${port}${path}`)
          await response.arrayBuffer()
          return response.status
        }),
      )
    await session.serving(['proxy', '--port=0'], async port => {
      const paths = ['/api/kubernetes', '/api/v1/namespaces', '/apis', '/apis/extensions/', '/metrics', '/healthz', '/version']
      assert.deepEqual(await codes(port, paths), [404, 200, 200, 404, 200, 200, 200])
    })
    await session.serving(['proxy', '--port=0', '--api-prefix=/custom'], async port => {
      assert.deepEqual(await codes(port, ['/custom/api/v1/namespaces', '/custom/metrics', '/custom/api/kubernetes']), [200, 200, 404])
    })
  })
})
