// kubectl apply, diff and edit as upstream's own command tests drive them (test/cmd/apply.sh, diff.sh, save-config.sh).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { noKubectl } from '../cluster.ts'
import { configMapOf, KubectlSession, podOf } from './kubectl-session.ts'

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

describe('kubectl apply', { skip: noKubectl }, () => {
  let session: KubectlSession
  const kubectl = (...args: string[]) => session.kubectl(...args)
  const managers = async (target: string) =>
    (await session.kubectl('get', target, '--show-managed-fields', '-o', 'jsonpath={.metadata.managedFields[*].manager}')).split(' ')

  before(async () => {
    session = await KubectlSession.start({ simulatedNodes: 1 })
    await session.enter('apply')
  })
  after(async () => {
    await session?.[Symbol.asyncDispose]()
  })

  test('records what it applied, and removes what a later file lacks', async () => {
    const file = session.file('a.yaml', configMapOf('a', { x: '1', y: '1' }))
    assert.equal(await kubectl('apply', '-f', file), 'configmap/a created\n')
    assert.deepEqual(await managers('configmap/a'), ['kubectl-client-side-apply'])
    session.file('a.yaml', configMapOf('a', { x: '2' }))
    assert.equal(await kubectl('apply', '-f', file, '--dry-run=server'), 'configmap/a configured (server dry run)\n')
    assert.equal(await session.read('configmap/a', '{.data}'), '{"x":"1","y":"1"}')
    assert.equal(await kubectl('apply', '-f', file), 'configmap/a configured\n')
    assert.equal(await kubectl('apply', '-f', file), 'configmap/a unchanged\n')
    assert.equal(await session.read('configmap/a', '{.data}'), '{"x":"2"}')
    assert.match(await kubectl('apply', 'view-last-applied', 'configmap/a'), /x: "2"/)
  })

  test('set-last-applied, create --save-config and replace --save-config write the annotation, create does not', async () => {
    const file = session.file('saved.yaml', configMapOf('saved', { x: '1' }))
    const annotations = () => session.read('configmap/saved', '{.metadata.annotations}')
    await kubectl('create', '-f', file)
    assert.equal(await annotations(), '')
    assert.match(await session.refused('apply', 'set-last-applied', '-f', file), /--create-annotation/)
    await kubectl('apply', 'set-last-applied', '-f', file, '--create-annotation', '--dry-run=server')
    assert.equal(await annotations(), '')
    await kubectl('apply', 'set-last-applied', '-f', file, '--create-annotation')
    assert.match(await annotations(), new RegExp(lastApplied))
    await kubectl('delete', '-f', file)
    await kubectl('create', '-f', file, '--save-config')
    assert.match(await annotations(), new RegExp(lastApplied))
    await kubectl('replace', '--force', '-f', file, '--save-config')
    assert.match(await annotations(), new RegExp(lastApplied))
  })

  test('changes the type of a union: $retainKeys clears defaulted members of the old one', async () => {
    const deployment = (strategy: object, volume: object) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'retain' },
      spec: {
        replicas: 0,
        ...strategy,
        selector: { matchLabels: { app: 'retain' } },
        template: {
          metadata: { labels: { app: 'retain' } },
          spec: { containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', ...volume }] },
        },
      },
    })
    await kubectl('apply', '-f', session.file('retain.yaml', deployment({}, { emptyDir: {} })))
    assert.equal(await session.read('deployment/retain', '{.spec.strategy.type}'), 'RollingUpdate')
    await kubectl(
      'apply',
      '-f',
      session.file('retain.yaml', deployment({ strategy: { type: 'Recreate' } }, { hostPath: { path: '/tmp' } })),
    )
    assert.equal(await session.read('deployment/retain', '{.spec.strategy}'), '{"type":"Recreate"}')
    assert.equal(
      await session.read('deployment/retain', '{.spec.template.spec.volumes}'),
      '[{"hostPath":{"path":"/tmp","type":""},"name":"v"}]',
    )
  })

  test('null removes a label, and --force recreates immutable objects', async () => {
    const service = (clusterIP: string, labels: object) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', labels },
      spec: { clusterIP, ports: [{ port: 80 }] },
    })
    await kubectl('apply', '-f', session.file('s.yaml', service('10.96.7.1', { a: 'b' })))
    await kubectl('apply', '-f', session.file('s.yaml', service('10.96.7.1', { a: null })))
    assert.equal(await session.read('service/s', '{.metadata.labels}'), '')
    const file = session.file('s.yaml', service('10.96.7.2', {}))
    assert.match(await session.refused('apply', '-f', file), /may not change once set/)
    await kubectl('apply', '-f', file, '--force')
    assert.equal(await session.read('service/s', '{.spec.clusterIP}'), '10.96.7.2')
  })

  test('continues after a document that fails, and names it', async () => {
    const bogus = { apiVersion: 'example.com/v1', kind: 'Bogus', metadata: { name: 'x' } }
    const file = session.file('mixed.yaml', configMapOf('one', {}), configMapOf('TWO', {}), bogus, configMapOf('three', {}))
    const said = await session.refused('apply', '-f', file)
    assert.match(said, /ConfigMap "TWO" is invalid: metadata.name: Invalid value/)
    assert.match(said, /no matches for kind "Bogus" in version "example.com\/v1"/)
    assert.equal(await kubectl('get', 'configmap', 'one', 'three', '-o', 'name'), 'configmap/one\nconfigmap/three\n')
    const elsewhere = { ...configMapOf('a', {}), metadata: { name: 'a', namespace: 'other' } }
    assert.match(
      await session.refused('apply', '-f', session.file('elsewhere.yaml', elsewhere)),
      /the namespace from the provided object "other" does not match the namespace "apply"/,
    )
  })

  test('--server-side reports conflicts by field, yields to --force-conflicts, and takes over from the client side', async () => {
    const file = session.file('ssa.yaml', podOf('ssa', 'example.com/app:1', { name: 'one' }))
    const changed = session.file('ssa-2.yaml', podOf('ssa', 'example.com/app:1', { name: 'two' }))
    // An account that may do something has its token mounted.
    await kubectl('create', 'rolebinding', 'viewer', '--clusterrole=view', `--serviceaccount=${session.namespace}:default`)
    await kubectl('apply', '-f', file)
    const conflict = await session.refused('apply', '--server-side', '--field-manager=other', '-f', changed)
    assert.match(conflict, /Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .metadata.labels.name/)
    await kubectl('apply', '--server-side', '-f', changed)
    assert.ok(!(await managers('pod/ssa')).includes('kubectl-client-side-apply'))
    // Admission's additions (the token volume) have no manager: applying again leaves them.
    await kubectl('apply', '--server-side', '-f', file)
    assert.equal(await session.read('pod/ssa', '{.metadata.labels.name}'), 'one')
    assert.match(await session.read('pod/ssa', '{.spec.volumes[*].name}'), /^kube-api-access-/)
    await kubectl('apply', '--server-side', '--force-conflicts', '--field-manager=other', '-f', changed)
    assert.equal(await session.read('pod/ssa', '{.metadata.labels.name}'), 'two')
    await kubectl('apply', '-f', file)
    assert.equal(await session.read('pod/ssa', '{.metadata.labels.name}'), 'one')
  })

  test('--server-side removes a field that no later configuration has', async () => {
    await kubectl('apply', '-f', session.file('legacy.yaml', configMapOf('legacy', { key: 'value', legacy: 'unused' })))
    await kubectl('apply', '--server-side', '-f', session.file('legacy.yaml', configMapOf('legacy', { key: 'value', legacy: 'unused' })))
    await kubectl('apply', '--server-side', '-f', session.file('legacy.yaml', configMapOf('legacy', { key: 'value' })))
    assert.equal(await session.read('configmap/legacy', '{.data}'), '{"key":"value"}')
  })

  test('--prune removes objects that the label selects and the files lack, within the allow list', async () => {
    const labels = { group: 'prune' }
    const one = session.file('prune-1.yaml', configMapOf('prune-1', {}, labels))
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'prune-2', labels }, spec: { ports: [{ port: 80 }] } }
    const two = session.file('prune-2.yaml', service)
    await kubectl('apply', '--prune', '-l', 'group=prune', '-f', one)
    await kubectl('apply', '--prune', '-l', 'group=prune', '-f', two, '--prune-allowlist=core/v1/Service')
    assert.match(await kubectl('get', 'configmap', '-l', 'group=prune', '-o', 'name'), /prune-1/)
    assert.match(await kubectl('apply', '--prune', '-l', 'group=prune', '-f', two), /configmap\/prune-1 pruned/)
    assert.equal(await kubectl('get', 'configmap', '-l', 'group=prune', '-o', 'name'), '')
    assert.match(await session.refused('apply', '--prune', '-f', two), /without explicitly passing --all/)
  })

  test('applies a subresource with a manager of its own: the status of a deployment, the resources of a running pod', async () => {
    const applied = (file: string, subresource: string) =>
      kubectl('apply', '--server-side', `--subresource=${subresource}`, '--field-manager=mine', '--force-conflicts', '-f', file)
    const mine = (target: string) =>
      session.read(`${target} --show-managed-fields`, '{.metadata.managedFields[?(@.manager=="mine")].subresource}')
    await kubectl('create', 'deployment', 'sub', '--image=example.com/app:1')
    const told = { type: 'Told', status: 'True', reason: 'Asked', message: 'somebody asked' }
    const times = { lastUpdateTime: '2026-01-01T00:00:00Z', lastTransitionTime: '2026-01-01T00:00:00Z' }
    const base = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'sub' } }
    await applied(session.file('told.yaml', { ...base, status: { conditions: [{ ...told, ...times }] } }), 'status')
    assert.equal(await mine('deployment/sub'), 'status')
    await session.untilReads('deployment/sub', '{.status.conditions[?(@.type=="Told")].reason}', 'Asked')
    await kubectl('delete', 'deployment', 'sub')

    const resized = (cpu: string) => ({
      ...podOf('sized'),
      spec: { containers: [{ name: 'app', image: 'example.com/app:1', resources: { requests: { cpu } } }] },
    })
    await kubectl('create', '-f', session.file('sized.yaml', resized('10m')))
    await kubectl('wait', '--for=condition=Ready', 'pod/sized', '--timeout=150s')
    await applied(session.file('resized.yaml', resized('20m')), 'resize')
    assert.equal(await mine('pod/sized'), 'resize')
    await session.untilReads('pod/sized', '{.status.containerStatuses[0].resources.requests.cpu}', '20m')
    await session.withOptions(session.editing('cpu: 20m', 'cpu: 30m'), 'edit', 'pod', 'sized', '--subresource=resize')
    await session.untilReads('pod/sized', '{.status.containerStatuses[0].resources.requests.cpu}', '30m')
    assert.match(
      await session.refused('apply', '-f', session.file('resized.yaml', resized('40m'))),
      /pod updates may not change fields other than/,
    )
    await kubectl('delete', 'pod', 'sized')
  })

  test('--applyset keeps its members in a parent and prunes by it', async () => {
    const environment = { KUBECTL_APPLYSET: 'true' }
    const apply = (file: string) =>
      session.withOptions({ environment }, 'apply', '--prune', '--applyset=set', '-n', session.namespace, '-f', file)
    await apply(session.file('set-1.yaml', configMapOf('set-1', {})))
    assert.match(await session.read('configmap/set-1', '{.metadata.labels}'), /applyset.kubernetes.io\/part-of/)
    assert.match(await apply(session.file('set-2.yaml', configMapOf('set-2', {}))), /configmap\/set-1 pruned/)
    assert.match(await session.read('secret/set', '{.metadata.annotations}'), /contains-group-kinds":"ConfigMap"/)
  })

  test('-k builds a kustomization', async () => {
    session.file('kustom/kustomization.yaml', 'namePrefix: test-\nresources: [map.yaml]\nlabels: [{pairs: {built: "yes"}}]\n')
    session.file('kustom/map.yaml', configMapOf('map', { a: 'b' }))
    const folder = `${session.folder}/kustom`
    assert.match(await kubectl('kustomize', folder), /name: test-map/)
    assert.equal(await kubectl('apply', '-k', folder), 'configmap/test-map created\n')
    assert.equal(await session.read('configmap/test-map', '{.metadata.labels.built}'), 'yes')
    // Since 1.34 kubectl adds from which namespace.
    assert.match(await kubectl('delete', '-k', folder), /^configmap "test-map" deleted/)
  })

  test('diff shows what apply would change, on either side, and changes nothing', async () => {
    const file = session.file('diff.yaml', configMapOf('diff', { a: '1' }))
    const absent = await session.try(['diff', '-f', file])
    assert.deepEqual([absent.code, /\+ *name: diff/.test(absent.stdout)], [1, true])
    await kubectl('apply', '-f', file)
    assert.equal(await kubectl('diff', '-f', file), '')
    const version = await session.read('configmap/diff', '{.metadata.resourceVersion}')
    session.file('diff.yaml', configMapOf('diff', { a: '2' }))
    for (const flags of [[], ['--server-side']]) {
      const { code, stdout } = await session.try(['diff', '-f', file, ...flags])
      assert.equal(code, 1)
      assert.match(stdout, /- {2}a: "1"\n\+ {2}a: "2"/)
    }
    assert.equal(await session.read('configmap/diff', '{.metadata.resourceVersion}'), version)
    const bad = await session.try(['diff', '-f', session.file('bad.yaml', configMapOf('BAD', {}))])
    assert.ok(Number(bad.code) > 1, bad.stderr)
  })

  test("edit applies the editor's changes, shows the patch, and cancels without a change", async () => {
    await kubectl('create', 'configmap', 'edited', '--from-literal=a=old')
    const said = await session.withOptions(session.editing('old', 'new'), 'edit', 'configmap/edited', '--output-patch')
    assert.match(said, /Patch: \{"data":\{"a":"new"\}\}/)
    assert.equal(await session.read('configmap/edited', '{.data.a}'), 'new')
    assert.ok((await managers('configmap/edited')).includes('kubectl-edit'))
    const cancelled = await session.try(['edit', 'configmap/edited'], { environment: { KUBE_EDITOR: 'true' } })
    assert.match(cancelled.stderr + cancelled.stdout, /Edit cancelled, no changes made/)
    const created = session.file('draft.yaml', configMapOf('draft', {}))
    await session.withOptions(session.editing('draft', 'final'), 'create', '--edit', '-f', created)
    assert.equal(await kubectl('get', 'configmap', 'final', '-o', 'name'), 'configmap/final\n')
  })
})
