import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Deployment, ReplicaSet } from '../../api/types/apps-v1.ts'
import { planRollback, requestedRevision } from './deployment-rollback.ts'

const asked = 'deprecated.deployment.rollback.to'
const revision = 'deployment.kubernetes.io/revision'
const applied = 'kubectl.kubernetes.io/last-applied-configuration'
const cause = 'kubernetes.io/change-cause'

const template = (image: string, hash?: string) => ({
  metadata: { labels: { app: 'web', ...(hash === undefined ? {} : { 'pod-template-hash': hash }) } },
  spec: { containers: [{ name: 'c', image }] },
})
const web = (image: string): Deployment => ({
  metadata: { name: 'web', annotations: { [asked]: '0', [revision]: '2', [applied]: '{}', [cause]: 'now', note: 'n' } },
  spec: { selector: { matchLabels: { app: 'web' } }, template: template(image) },
})
const set = (image: string, number?: string): ReplicaSet => ({
  metadata: { name: image, annotations: { ...(number === undefined ? {} : { [revision]: number }), [cause]: `of ${image}` } },
  spec: { selector: {}, template: template(image, `hash-${image}`) },
})

const questions: [text: string | undefined, want: bigint | undefined][] = [
  [undefined, undefined],
  ['', undefined],
  ['x', undefined],
  ['0', 0n],
  ['+3', 3n],
  ['9007199254740993', 9007199254740993n],
]
for (const [text, want] of questions) {
  test(`requestedRevision() of ${JSON.stringify(text)}`, () => {
    const annotations: Record<string, string> = text === undefined ? {} : { [asked]: text }
    assert.equal(requestedRevision({ ...web('a'), metadata: { annotations } }), want)
  })
}

test("planRollback() restores the template and its annotations, and keeps the deployment's own", () => {
  const { deployment, event } = planRollback(web('b'), [set('a', '1'), set('b', '2')], 1n)
  assert.deepEqual(deployment.spec, { ...web('b').spec, template: template('a') })
  assert.deepEqual(deployment.metadata.annotations, { [revision]: '2', [applied]: '{}', [cause]: 'of a' })
  assert.deepEqual(event, { type: 'Normal', reason: 'DeploymentRollback', message: 'Rolled back deployment "web" to revision 1' })
})

const notFound = 'DeploymentRollbackRevisionNotFound'
const outcomes: { name: string; sets: ReplicaSet[]; ask: bigint; reason: string; message: string }[] = [
  {
    name: 'the last revision is the one before the highest',
    sets: [set('c', '10'), set('b', '11'), set('a', '9')],
    ask: 0n,
    reason: 'DeploymentRollback',
    message: 'Rolled back deployment "web" to revision 10',
  },
  { name: 'there is none before', sets: [set('b', '2')], ask: 0n, reason: notFound, message: 'Unable to find last revision.' },
  {
    name: 'sets without a revision are none',
    sets: [set('a'), set('b', '2')],
    ask: 0n,
    reason: notFound,
    message: 'Unable to find last revision.',
  },
  { name: 'nothing has it', sets: [set('a', '1')], ask: 7n, reason: notFound, message: 'Unable to find the revision to rollback to.' },
  {
    name: 'it is the present template',
    sets: [set('a', '1'), set('b', '2')],
    ask: 2n,
    reason: 'DeploymentRollbackTemplateUnchanged',
    message: 'The rollback revision contains the same template as current deployment "web"',
  },
]
for (const { name, sets, ask, reason, message } of outcomes) {
  test(`planRollback() if ${name}`, () => {
    const { deployment, event } = planRollback(web('b'), sets, ask)
    assert.deepEqual([event.reason, event.message], [reason, message])
    assert.equal(deployment.metadata.annotations?.[asked], undefined)
    if (event.type === 'Warning') assert.deepEqual(deployment.spec, web('b').spec)
  })
}
