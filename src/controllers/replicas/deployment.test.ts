import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Deployment } from '../../api/types/apps-v1.ts'
import { deployments, events, pods, replicaSets } from '../../client/resources.ts'
import { runPods, type Scenario, startScenario } from '../scenario.testing.ts'
import { deployment } from './deployment.ts'
import { conditionOf } from './deployment-status.ts'
import { replicaSet } from './replicaset.ts'

const web = (replicas: number, image: string, strategy: Deployment['spec']['strategy'] = { type: 'RollingUpdate' }): Deployment => ({
  metadata: { name: 'web', namespace: 'ns' },
  spec: {
    replicas,
    strategy: strategy ?? {},
    progressDeadlineSeconds: 600,
    revisionHistoryLimit: 1,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } },
  },
})

const read = ({ api }: Scenario): Deployment => api.read(deployments, 'ns', 'web') as Deployment
const images = ({ api }: Scenario) =>
  api
    .all(pods)
    .map(({ spec }) => spec.containers[0]?.image)
    .sort()

/** The condition that `kubectl rollout status` waits for. */
function rolledOut(scenario: Scenario): boolean {
  const { spec, status, metadata } = read(scenario)
  runPods(scenario.api)
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, observedGeneration = 0 } = status ?? {}
  const wanted = spec.replicas ?? 1
  const progressed = conditionOf(status, 'Progressing')?.reason === 'NewReplicaSetAvailable'
  return (
    observedGeneration >= (metadata.generation ?? 0) &&
    updatedReplicas === wanted &&
    replicas === wanted &&
    availableReplicas === wanted &&
    progressed
  )
}

const start = () => startScenario({ controllers: [deployment, replicaSet] })
const setImage = (scenario: Scenario, image: string) =>
  scenario.api.change(deployments, 'ns', 'web', object => {
    object.spec.template.spec.containers = [{ name: 'c', image }]
    object.metadata.generation = (object.metadata.generation ?? 0) + 1
  })

test('deployment rolls out, updates within its limits, and keeps revisions', async () => {
  await using scenario = start()
  scenario.api.seed(deployments, web(4, 'a'))
  await scenario.until(() => rolledOut(scenario), 'first rollout')
  assert.equal(conditionOf(read(scenario).status, 'Available')?.status, 'True')
  assert.equal(read(scenario).metadata.annotations?.['deployment.kubernetes.io/revision'], '1')

  let most = 0
  setImage(scenario, 'b')
  await scenario.until(() => {
    most = Math.max(most, scenario.api.all(pods).filter(({ metadata }) => metadata.deletionTimestamp === undefined).length)
    return rolledOut(scenario)
  }, 'update')
  assert.deepEqual(images(scenario), ['b', 'b', 'b', 'b'])
  assert.ok(most <= 5, `${most} pods at once, want at most 4 + 25%`)
  assert.equal(read(scenario).metadata.annotations?.['deployment.kubernetes.io/revision'], '2')

  // Back to the first template: the old replica set gets the next revision, as `kubectl rollout undo` expects.
  setImage(scenario, 'a')
  await scenario.until(() => rolledOut(scenario), 'undo')
  assert.equal(scenario.api.all(replicaSets).length, 2)
  const current = scenario.api.all(replicaSets).find(({ spec }) => spec.replicas === 4)
  assert.equal(current?.metadata.annotations?.['deployment.kubernetes.io/revision'], '3')
  assert.equal(current?.metadata.annotations?.['deployment.kubernetes.io/revision-history'], '1')
  const scaled = () => scenario.api.all(events).filter(({ reason }) => reason === 'ScalingReplicaSet')
  await scenario.until(() => scaled().length > 2, 'events')
  assert.match(scaled()[0]?.message ?? '', /^Scaled up replica set web-[a-z0-9]+ from 0 to 4$/)

  setImage(scenario, 'c')
  await scenario.until(() => rolledOut(scenario), 'third rollout')
  await scenario.until(() => scenario.api.all(replicaSets).length === 2, 'history trimmed to one old replica set')
})

test('deployment rolls back to the revision of its annotation, once it is not paused', async () => {
  await using scenario = start()
  scenario.api.seed(deployments, web(2, 'a'))
  await scenario.until(() => rolledOut(scenario), 'first rollout')
  setImage(scenario, 'b')
  await scenario.until(() => rolledOut(scenario), 'update')
  const asked = 'deprecated.deployment.rollback.to'
  scenario.api.change(deployments, 'ns', 'web', object => {
    object.spec.paused = true
    object.metadata.annotations = { ...object.metadata.annotations, [asked]: '0' }
  })
  await scenario.until(() => conditionOf(read(scenario).status, 'Progressing')?.reason === 'DeploymentPaused', 'paused')
  assert.equal(read(scenario).metadata.annotations?.[asked], '0')
  scenario.api.change(deployments, 'ns', 'web', object => {
    object.spec.paused = false
  })
  await scenario.until(() => rolledOut(scenario) && images(scenario).join() === 'a,a', 'back')
  assert.equal(read(scenario).metadata.annotations?.[asked], undefined)
  assert.equal(read(scenario).metadata.annotations?.['deployment.kubernetes.io/revision'], '3')
  const reported = () => scenario.api.all(events).find(({ reason }) => reason === 'DeploymentRollback')
  await scenario.until(() => reported() !== undefined, 'event')
  assert.equal(reported()?.message, 'Rolled back deployment "web" to revision 1')
})

test('deployment scales without a rollout and makes no progress while paused', async () => {
  await using scenario = start()
  scenario.api.seed(deployments, web(2, 'a'))
  await scenario.until(() => rolledOut(scenario), 'first rollout')
  scenario.api.change(deployments, 'ns', 'web', object => {
    object.spec.replicas = 5
  })
  await scenario.until(() => rolledOut(scenario), 'five pods')
  scenario.api.change(deployments, 'ns', 'web', object => {
    object.spec.paused = true
    object.spec.template.spec.containers = [{ name: 'c', image: 'b' }]
  })
  await scenario.until(() => conditionOf(read(scenario).status, 'Progressing')?.reason === 'DeploymentPaused', 'paused')
  assert.equal(scenario.api.all(replicaSets).length, 1)
  scenario.api.change(deployments, 'ns', 'web', object => {
    object.spec.paused = false
  })
  await scenario.until(() => rolledOut(scenario) && images(scenario).every(image => image === 'b'), 'resumed')
})

test('deployment with Recreate ends all old pods before it starts new ones', async () => {
  await using scenario = start()
  scenario.api.seed(deployments, web(2, 'a', { type: 'Recreate' }))
  await scenario.until(() => rolledOut(scenario), 'first rollout')
  setImage(scenario, 'b')
  await scenario.until(() => {
    assert.equal(new Set(images(scenario)).size <= 1, true, 'pods of both templates at once')
    return rolledOut(scenario) && images(scenario).includes('b')
  }, 'second rollout')
})

test('deployment reports pods that cannot be created', async () => {
  await using scenario = start()
  const { forbidden } = await import('../../api/status.ts')
  scenario.api.refuse = ({ method, path }) => {
    if (method === 'POST' && path.endsWith('/pods')) throw forbidden({ group: '', plural: 'pods' }, 'web-x', 'exceeded quota')
  }
  scenario.api.seed(deployments, web(2, 'a'))
  await scenario.until(() => conditionOf(read(scenario).status, 'ReplicaFailure')?.reason === 'FailedCreate', 'ReplicaFailure')
  const failed = () => scenario.api.all(events).find(({ reason }) => reason === 'FailedCreate')
  await scenario.until(() => failed() !== undefined, 'event')
  assert.equal(failed()?.message, 'Error creating: pods "web-x" is forbidden: exceeded quota')
})
