// What kubectl prints: get with every output, describe of every kind, explain, events, and the questions about rights and the server
// (upstream's test/cmd/get.sh, template-output.sh, discovery.sh, events.sh, authorization.sh).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { noKubectl, until } from '../cluster.ts'
import { configMapOf, KubectlSession, podOf } from './kubectl-session.ts'

const rows = (table: string) =>
  table
    .trim()
    .split('\n')
    .map(line => line.split(/\s{2,}/))

describe('kubectl get', { skip: noKubectl }, () => {
  let session: KubectlSession
  const kubectl = (...args: string[]) => session.kubectl(...args)
  const namesIn = async (...args: string[]) => (await kubectl('get', 'pods', '--no-headers', ...args)).match(/^\S+/gm)

  before(async () => {
    session = await KubectlSession.start({ simulatedNodes: 1 })
    await session.enter('get')
    const sized = (name: string, container: string, memory: string, tier: string) => ({
      ...podOf(name, 'example.com/app:1', { tier }),
      spec: { containers: [{ name: container, image: 'example.com/app:1', resources: { requests: { memory } } }] },
    })
    await kubectl(
      'apply',
      '-f',
      session.file('pods.yaml', sized('a', 'two', '9Mi', 'x'), sized('b', 'one', '1Gi', 'y'), sized('c', 'six', '1Ki', 'x')),
    )
    await kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=150s')
  })
  after(async () => {
    await session?.[Symbol.asyncDispose]()
  })

  test('prints every format of a list', async () => {
    assert.equal(await kubectl('get', 'pods', '-o', 'name'), 'pod/a\npod/b\npod/c\n')
    assert.deepEqual(rows(await kubectl('get', 'pods'))[0], ['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE'])
    const wide = rows(await kubectl('get', 'pods', '-o', 'wide'))
    assert.deepEqual(wide[0]?.slice(5), ['IP', 'NODE', 'NOMINATED NODE', 'READINESS GATES'])
    assert.equal(wide[1]?.[6], 'node-1')
    assert.equal(JSON.parse(await kubectl('get', 'pods', '-o', 'json')).kind, 'List')
    assert.match(await kubectl('get', 'pod', 'a', '-o', 'yaml'), /^apiVersion: v1\nkind: Pod\n/)
    assert.equal(await session.read('pods', '{.items[*].metadata.name}'), 'a b c')
    assert.equal(await session.read('pods', '{{range .items}}{{.metadata.name}}:{{end}}'), 'a:b:c:')
    const columns = 'custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[*].image'
    assert.deepEqual(rows(await kubectl('get', 'pods', '-o', columns))[1], ['a', 'example.com/app:1'])
    assert.match(await kubectl('get', 'pods', '--show-labels'), /LABELS\n.*tier=x/)
    assert.match(await kubectl('get', 'pods', '-L', 'tier'), /TIER\n.* x\n/)
    assert.match(await kubectl('get', 'pods', '-A'), /^NAMESPACE +NAME/)
    assert.ok(!(await kubectl('get', 'pod', 'a', '-o', 'yaml')).includes('managedFields'))
    assert.match(await kubectl('get', 'pod', 'a', '-o', 'yaml', '--show-managed-fields'), /manager: kubectl-client-side-apply/)
  })

  const orders: readonly [field: string, names: string[]][] = [
    ['{.metadata.name}', ['a', 'b', 'c']],
    ['{.spec.containers[0].name}', ['b', 'c', 'a']],
    ['{.spec.containers[0].resources.requests.memory}', ['c', 'a', 'b']],
  ]
  for (const [field, names] of orders) {
    test(`sorts by ${field}, with and without the server's table`, async () => {
      assert.deepEqual(await namesIn(`--sort-by=${field}`), names)
      assert.deepEqual(await namesIn(`--sort-by=${field}`, '--server-print=false'), names)
    })
  }

  test('selects by label and field, and reads in pages', async () => {
    assert.deepEqual(await namesIn('-l', 'tier in (x),tier'), ['a', 'c'])
    assert.deepEqual(await namesIn('--field-selector=metadata.name!=a,status.phase=Running'), ['b', 'c'])
    const { stderr } = await session.try(['get', 'pods', '--chunk-size=1', '-v=6'])
    // `… 200 OK` before 1.33, `…" status="200 OK"` from there on.
    assert.match(stderr, /pods\?limit=1"? (status=")?200 OK/)
    assert.match(stderr, /pods\?continue=\S+&limit=1"? (status=")?200 OK/)
    assert.deepEqual(await namesIn('--chunk-size=1'), ['a', 'b', 'c'])
  })

  test('reports missing objects', async () => {
    assert.match(await session.refused('get', 'pod', 'none'), /Error from server \(NotFound\): pods "none" not found/)
    assert.match(await session.refused('get', 'nonsense'), /the server doesn't have a resource type "nonsense"/)
    const { stderr } = await session.try(['get', 'pods', '-n', 'kube-public'])
    assert.equal(stderr, 'No resources found in kube-public namespace.\n')
    assert.match(await session.refused('get', 'pod', 'a', '-A'), /a resource cannot be retrieved by name across all namespaces/)
    const strict = ['--allow-missing-template-keys=false', '-o', 'jsonpath={.missing}']
    assert.match(await session.refused('get', 'pod', 'a', ...strict), /missing is not found/)
  })

  test('reads subresources', async () => {
    await kubectl('create', 'deployment', 'scaled', '--image=example.com/app', '--replicas=2')
    assert.deepEqual(
      rows(await kubectl('get', 'deployment', 'scaled', '--subresource=scale')).map(row => row.slice(0, 2)),
      [
        ['NAME', 'DESIRED'],
        ['scaled', '2'],
      ],
    )
    assert.match(await kubectl('get', 'deployment', 'scaled', '--subresource=status', '-o', 'yaml'), /kind: Deployment/)
    await kubectl('patch', 'deployment', 'scaled', '--subresource=scale', '--type=merge', '-p', '{"spec":{"replicas":1}}')
    assert.equal(await session.read('deployment/scaled', '{.spec.replicas}'), '1')
    assert.match(await session.refused('get', 'pod', 'a', '--subresource=scale'), /the server could not find the requested resource/)
    await kubectl('delete', 'deployment', 'scaled')
  })

  test('follows changes with -w, and shows their kind with --output-watch-events', async () => {
    await kubectl('create', 'configmap', 'watched')
    const follow = ['get', 'configmap', 'watched', '-w', '--output-watch-events', '-o', 'jsonpath={.type}:{.object.metadata.labels.a} ']
    const following = session.printed('MODIFIED:b ', ...follow)
    await until('the watch has seen the label', async () => {
      await kubectl('label', 'configmap', 'watched', 'a-')
      await kubectl('label', 'configmap', 'watched', 'a=b')
      return (await Promise.race([following, ''])) !== ''
    })
    assert.match(await following, /^ADDED:/)
    assert.match(await session.printed('Running', 'get', 'pods', '-w'), /^NAME +READY/)
  })

  test('describes every kind that the server lists', async () => {
    const kinds = (await kubectl('api-resources', '--verbs=list', '-o', 'name')).trim().split('\n')
    assert.ok(kinds.length > 40, kinds.join(' '))
    // kubectl 1.32 describes ServiceCIDRs in v1beta1, which 1.33 serves no more.
    const left = new Set(['componentstatuses', 'servicecidrs.networking.k8s.io'])
    await kubectl('describe', kinds.filter(kind => !left.has(kind)).join(','), '-A')
    const pod = await kubectl('describe', 'pod', 'a')
    for (const line of [/^Name: +a$/m, /^Node: +node-1\//m, /^Status: +Running$/m, /^Events:/m, /memory: +9Mi/]) assert.match(pod, line)
    assert.ok(!(await kubectl('describe', 'pod', 'a', '--show-events=false')).includes('Events:'))
    const node = await kubectl('describe', 'node', 'node-1')
    for (const line of [/^Conditions:/m, /^Capacity:/m, /Non-terminated Pods:/, /Allocated resources:/]) assert.match(node, line)
  })

  test('explains fields, with all below them, in any version', async () => {
    assert.match(await kubectl('explain', 'pod.spec.containers'), /FIELD: containers <\[\]Container>/)
    assert.match(
      await kubectl('explain', 'deployment', '--recursive'),
      /GROUP: +apps\nKIND: +Deployment\nVERSION: +v1[\s\S]*maxSurge\t<IntOrString>/,
    )
    assert.match(await kubectl('explain', 'pod.spec.restartPolicy'), /ENUM:\n +Always\n +Never\n +OnFailure/)
    assert.match(await kubectl('explain', 'hpa.spec', '--api-version=autoscaling/v1'), /targetCPUUtilizationPercentage/)
    assert.match(await session.refused('explain', 'pod.spec.nothing'), /field "nothing" does not exist/)
  })

  test('shows events by object and type', async () => {
    await kubectl('create', 'cronjob', 'never', '--schedule=59 23 31 2 *', '--image=example.com/app')
    await until('the event', async () => (await kubectl('events', '--for=cronjob/never', '--types=Warning')).includes('InvalidSchedule'))
    assert.equal(await kubectl('events', '--for=cronjob/never', '--types=Normal'), '')
    assert.match(await kubectl('get', 'events', '--field-selector=involvedObject.name=a', '-o', 'wide'), /Scheduled/)
  })

  test('reports the rights of users', async () => {
    assert.equal(await kubectl('auth', 'can-i', '*', '*'), 'yes\n')
    assert.match(await kubectl('auth', 'whoami', '-o', 'json'), /"kind": "SelfSubjectReview"/)
    const { code, stdout } = await session.try(['auth', 'can-i', 'delete', 'pods', '--as=nobody'])
    assert.deepEqual([code, stdout], [1, 'no\n'])
    assert.match(await kubectl('auth', 'can-i', '--list', '--as=nobody'), /selfsubjectreviews.authentication.k8s.io/)
    assert.match((await session.try(['auth', 'can-i', 'get', 'nodes'])).stderr, /resource 'nodes' is not namespace scoped/)
    assert.match(await session.refused('get', 'pods', '--as=nobody'), /User "nobody" cannot list resource "pods" in API group ""/)
  })

  test('asks the server for itself', async () => {
    assert.match(await kubectl('version'), /Server Version: v1\.33/)
    assert.match(await kubectl('cluster-info'), /control plane.* is running at/)
    assert.match(await kubectl('cluster-info', 'dump', '--namespaces=get'), /"kind": "NodeList"/)
    assert.match(await kubectl('api-versions'), /^autoscaling\/v2$/m)
    assert.match(await kubectl('get', '--raw', '/openapi/v2'), /A selector to restrict the list of returned objects/)
    // The API is there, but simulated nodes have nothing to measure.
    assert.match(await session.refused('top', 'nodes'), /metrics not available yet/)
    await kubectl('create', '-f', session.file('raw.yaml', configMapOf('raw', { a: 'b' })))
    assert.match(await kubectl('get', '--raw', '/api/v1/namespaces/get/configmaps/raw'), /"data":\{"a":"b"\}/)
  })
})
