import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namespaceDomainLabel, nodeDomainLabel } from '../../api/pods/trust-domain.ts'
import type { DaemonSet } from '../../api/types/apps-v1.ts'
import type { Node } from '../../api/types/core-v1.ts'
import { controllerRevisions, daemonSets, events, namespaces, nodes, pods } from '../../client/resources.ts'
import { makeRunning, type Scenario, startScenario } from '../scenario.testing.ts'
import { targetNode } from './daemon-node.ts'
import { daemonSet } from './daemonset.ts'

const labels = { app: 'd' }
const set: DaemonSet = {
  metadata: { name: 'd', namespace: 'ns' },
  spec: {
    selector: { matchLabels: labels },
    revisionHistoryLimit: 1,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'a' }] } },
  },
}
const read = ({ api }: Scenario) => api.read(daemonSets, 'ns', 'd')
const images = ({ api }: Scenario) => api.all(pods).map(({ spec }) => spec.containers[0]?.image)

/** Acts as scheduler and nodes: each pod runs where its affinity says. */
function runDaemons({ api }: Scenario): void {
  for (const pod of api.all(pods)) {
    const { name = '', deletionTimestamp } = pod.metadata
    if (deletionTimestamp !== undefined) api.remove(pods, 'ns', name)
    else if (pod.status?.phase !== 'Running') {
      const node = targetNode(pod) ?? ''
      api.change(pods, 'ns', name, object => {
        makeRunning(object, Date.now())
        object.spec.nodeName = node
      })
    }
  }
}

function rolledOut(scenario: Scenario, wanted: number): boolean {
  runDaemons(scenario)
  const { status, metadata } = read(scenario) ?? set
  return status?.updatedNumberScheduled === wanted && status.numberAvailable === wanted && status.observedGeneration === metadata.generation
}

function setImage({ api }: Scenario, image: string): void {
  api.change(daemonSets, 'ns', 'd', object => {
    object.spec.template.spec.containers = [{ name: 'c', image }]
    object.metadata.generation = (object.metadata.generation ?? 0) + 1
  })
}

test('daemonSet runs on each node, rolls out, keeps history and rolls back', async () => {
  await using scenario = startScenario({
    controllers: [daemonSet],
    prepare(api) {
      for (const name of ['n1', 'n2']) api.seed(nodes, { metadata: { name }, spec: {} })
      api.seed(daemonSets, set)
    },
  })
  const { api } = scenario
  await scenario.until(() => rolledOut(scenario, 2), 'first rollout')
  assert.deepEqual(api.all(pods).map(targetNode).sort(), ['n1', 'n2'])
  assert.equal(
    JSON.stringify(api.all(controllerRevisions)[0]?.data),
    '{"spec":{"template":{"$patch":"replace","metadata":{"creationTimestamp":null,"labels":{"app":"d"}},"spec":{"containers":[{"image":"a","name":"c"}]}}}}',
  )
  api.seed(nodes, { metadata: { name: 'n3' }, spec: {} })
  await scenario.until(() => rolledOut(scenario, 3), 'the third node')

  for (const image of ['b', 'c']) {
    setImage(scenario, image)
    await scenario.until(() => {
      assert.ok(api.all(pods).length >= 2, 'no more than one is down')
      return rolledOut(scenario, 3)
    }, `rollout of ${image}`)
    assert.deepEqual(images(scenario), [image, image, image])
  }
  const revisions = () =>
    api
      .all(controllerRevisions)
      .map(({ revision }) => revision)
      .sort()
  await scenario.until(() => revisions().length === 2, 'the oldest revision to go')
  assert.deepEqual(revisions(), [2, 3])

  setImage(scenario, 'b')
  await scenario.until(() => rolledOut(scenario, 3) && images(scenario).every(image => image === 'b'), 'the way back')
  assert.deepEqual(revisions(), [3, 4])
})

test('daemonSet runs on the nodes of its trust domain, and follows its namespace to another one', async () => {
  const labelled = (name: string, domain?: string): Node => ({
    metadata: { name, labels: domain === undefined ? {} : { [nodeDomainLabel]: domain } },
    spec: {},
  })
  await using scenario = startScenario({
    controllers: [daemonSet],
    prepare(api) {
      api.seed(namespaces, { metadata: { name: 'ns', labels: { [namespaceDomainLabel]: 'red' } }, spec: {} })
      for (const node of [labelled('red', 'red'), labelled('blue', 'blue'), labelled('plain')]) api.seed(nodes, node)
      api.seed(daemonSets, set)
    },
  })
  const { api } = scenario
  await scenario.until(() => rolledOut(scenario, 1), 'the first rollout')
  assert.deepEqual(api.all(pods).map(targetNode), ['red'])
  assert.equal(read(scenario)?.status?.desiredNumberScheduled, 1)
  for (const { metadata } of api.all(pods)) api.remove(pods, 'ns', metadata.name ?? '')
  api.change(namespaces, '', 'ns', ({ metadata }) => {
    metadata.labels = {}
  })
  await scenario.until(() => {
    const made = api.all(pods).map(targetNode)
    return made.includes('plain') && !made.includes('blue')
  }, 'the node without a domain')
})

test('daemonSet delays the replacement of a failed daemon, but not of one that succeeded, and rolls out a corrected set meanwhile', async () => {
  let now = Date.UTC(2026, 0, 1)
  await using scenario = startScenario({
    controllers: [daemonSet],
    now: () => now,
    prepare(api) {
      api.seed(nodes, { metadata: { name: 'n1' }, spec: {} })
      api.seed(daemonSets, set)
    },
  })
  const { api } = scenario
  const only = () => api.all(pods)[0]
  const end = async (phase: string) => {
    await scenario.until(() => api.all(pods).length === 1 && only()?.status?.phase === undefined, `a pod before ${phase}`)
    const { uid, name = '' } = only()?.metadata ?? {}
    api.change(pods, 'ns', name, pod => {
      pod.status = { phase }
    })
    return uid
  }
  const said = (reason: string) => api.all(events).filter(event => event.reason === reason).length
  await end('Failed')
  await scenario.until(() => said('FailedDaemonPod') === 1, 'the first replacement')
  await end('Succeeded')
  await scenario.until(() => said('SucceededDaemonPod') === 1, 'no wait after a success')
  const held = await end('Failed')
  await scenario.until(() => read(scenario)?.status?.numberUnavailable === 1, 'the status')
  assert.equal(only()?.metadata.uid, held)
  setImage(scenario, 'mended')
  await scenario.until(() => images(scenario).includes('mended'), 'the mended pod')
  now += 1_000
  assert.notEqual(only()?.metadata.uid, held)
})

test('daemonSet counts revisions in use against the limit, and keeps them', async () => {
  await using scenario = startScenario({
    controllers: [daemonSet],
    prepare(api) {
      api.seed(nodes, { metadata: { name: 'n1' }, spec: {} })
      api.seed(daemonSets, { ...set, spec: { ...set.spec, revisionHistoryLimit: 1, updateStrategy: { type: 'OnDelete' } } })
    },
  })
  const { api } = scenario
  await scenario.until(() => rolledOut(scenario, 1), 'the first rollout')
  const revisions = () => api.all(controllerRevisions).map(({ revision }) => revision)
  for (const image of ['b', 'c']) {
    setImage(scenario, image)
    await scenario.until(() => read(scenario)?.status?.observedGeneration === read(scenario)?.metadata.generation, image)
  }
  await scenario.until(() => !revisions().includes(2), 'the idle revision to go')
  assert.deepEqual(revisions().sort(), [1, 3])
})

test('daemonSet copies its annotations to a revision', async () => {
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', a: 'b' }
  await using scenario = startScenario({
    controllers: [daemonSet],
    prepare: api => void api.seed(daemonSets, { ...set, metadata: { ...set.metadata, annotations } }),
  })
  await scenario.until(() => scenario.api.all(controllerRevisions).length === 1, 'the revision')
  assert.deepEqual(scenario.api.all(controllerRevisions)[0]?.metadata.annotations, annotations)
})
