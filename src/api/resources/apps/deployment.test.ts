import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Deployment } from '../../types/apps-v1.ts'
import { fixtureTime, row, validateNew, validateSubresource, validateUpdate } from '../core/new-object.fixture.ts'
import { deployment } from './deployment.ts'
import { labels, newTemplate } from './workload.fixture.ts'

function newDeployment(change: (object: Deployment) => void = () => undefined): Deployment {
  const object: Deployment = {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: { matchLabels: labels }, template: newTemplate() },
  }
  change(object)
  return object
}

test('deployment sets defaults', () => {
  const { object, errors } = validateNew(deployment, newDeployment())
  assert.deepEqual(errors, [])
  const { template, ...rest } = object.spec
  assert.deepEqual(rest, {
    selector: { matchLabels: labels },
    replicas: 1,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  })
  assert.equal(template.spec?.restartPolicy, 'Always')
  assert.deepEqual(object.status, {})
})

test('deployment keeps set fields', () => {
  const { object, errors } = validateNew(
    deployment,
    newDeployment(({ spec }) => {
      spec.replicas = 0
      spec.strategy = { type: 'Recreate' }
    }),
  )
  assert.deepEqual(errors, [])
  assert.equal(object.spec.replicas, 0)
  assert.deepEqual(object.spec.strategy, { type: 'Recreate' })
})

const refusals: { name: string; change(object: Deployment): void; error: string }[] = [
  {
    name: 'negative replicas',
    change: ({ spec }) => {
      spec.replicas = -1
    },
    error: 'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
  },
  {
    name: 'no selector',
    change: ({ spec }) => {
      spec.selector = null
    },
    error: 'spec.selector: Required value',
  },
  {
    name: 'an empty selector',
    change: ({ spec }) => {
      spec.selector = {}
    },
    error: 'empty selector is invalid for deployment',
  },
  {
    name: 'a selector that does not match',
    change: ({ spec }) => {
      spec.selector = { matchLabels: { app: 'other' } }
    },
    error: '`selector` does not match template `labels`',
  },
  {
    name: 'an unknown strategy',
    change: ({ spec }) => {
      spec.strategy = { type: 'Fast' }
    },
    error:
      'spec.strategy: Unsupported value: apps.DeploymentStrategy{Type:"Fast", RollingUpdate:(*apps.RollingUpdateDeployment)(nil)}: supported values: "Recreate", "RollingUpdate"',
  },
  {
    name: 'rolling parameters of Recreate',
    change: ({ spec }) => {
      spec.strategy = { type: 'Recreate', rollingUpdate: {} }
    },
    error: "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
  },
  {
    name: 'no room to roll',
    change: ({ spec }) => {
      spec.strategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '0%' } }
    },
    error:
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: intstr.IntOrString{Type:0, IntVal:0, StrVal:""}: may not be 0 when `maxSurge` is 0',
  },
  {
    name: 'more than everything unavailable',
    change: ({ spec }) => {
      spec.strategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '101%' } }
    },
    error:
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:"101%"}: must not be greater than 100%',
  },
  {
    name: 'a deadline before readiness counts',
    change: ({ spec }) => void Object.assign(spec, { minReadySeconds: 10, progressDeadlineSeconds: 10 }),
    error: 'spec.progressDeadlineSeconds: Invalid value: 10: must be greater than minReadySeconds',
  },
  {
    name: 'going back to a negative revision',
    change: ({ metadata }) => void Object.assign(metadata, { annotations: { 'deprecated.deployment.rollback.to': '-1' } }),
    error: 'spec.rollback.version: Invalid value: -1: must be greater than or equal to 0',
  },
  {
    name: 'pods that end',
    change: ({ spec }) => void Object.assign(spec.template.spec ?? {}, { restartPolicy: 'Never' }),
    error: 'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  },
]
for (const { name, change, error } of refusals) {
  test(`deployment rejects ${name}`, () => {
    const { errors } = validateNew(deployment, newDeployment(change))
    assert.equal(errors.filter(text => text.includes(error)).length, 1, errors.join('\n'))
  })
}

test('deployment keeps its selector and status on update', () => {
  const old = validateNew(deployment, newDeployment()).object
  old.status = { replicas: 1 }
  const { object, fields } = validateUpdate(deployment, old, next => {
    next.status = { replicas: 7 }
    next.spec.selector = { matchLabels: { app: 'web', tier: 'a' } }
    Object.assign(next.spec.template.metadata?.labels ?? {}, { tier: 'a' })
  })
  assert.deepEqual(object.status, { replicas: 1 })
  assert.deepEqual(fields, ['spec.selector'])
})

test('deployment/status keeps spec and labels and validates the counts', () => {
  const old = validateNew(deployment, newDeployment()).object
  const { object, errors } = validateSubresource(deployment, 'status', old, next => {
    next.spec.replicas = 9
    next.metadata.labels = { a: 'b' }
    next.status = { replicas: 1, readyReplicas: 2 }
  })
  assert.equal(object.spec.replicas, 1)
  assert.equal(object.metadata.labels, undefined)
  assert.deepEqual(errors, ['status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas'])
})

test('deployment prints ready and desired replicas', () => {
  const object = validateNew(deployment, newDeployment()).object
  object.metadata.creationTimestamp = '2025-12-31T23:00:00Z'
  object.status = { readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 }
  assert.deepEqual(row(deployment, object, fixtureTime), {
    Name: 'web',
    Ready: '1/1',
    'Up-to-date': 1,
    Available: 1,
    Age: '60m',
    Containers: 'web',
    Images: 'web:1',
    Selector: 'app=web',
  })
})

test('deployment status has a count of terminating pods only if it had one before', () => {
  const old = validateNew(deployment, newDeployment()).object
  const count = (before: Deployment) =>
    validateSubresource(deployment, 'status', before, changed => {
      changed.status = { ...changed.status, terminatingReplicas: 2 }
    }).object.status?.terminatingReplicas
  assert.deepEqual([count(old), count({ ...old, status: { terminatingReplicas: 1 } })], [undefined, 2])
})

test('deployment/status neither resets nor decreases the collision count', () => {
  const old = { ...validateNew(deployment, newDeployment()).object, status: { collisionCount: 1 } }
  const validate = (collisionCount: number | undefined) =>
    validateSubresource(deployment, 'status', old, next => {
      next.status = collisionCount === undefined ? {} : { collisionCount }
    }).errors
  const refused = ['status.collisionCount: Invalid value: 0: cannot be decremented']
  assert.deepEqual([validate(undefined), validate(0), validate(1)], [refused, refused, []])
})

test('deployment has the rollback revision as a canonical number, or none', () => {
  const settled = (text: string) => {
    const annotations = { 'deprecated.deployment.rollback.to': text, a: 'b' }
    return validateNew(
      deployment,
      newDeployment(({ metadata }) => void Object.assign(metadata, { annotations })),
    ).object.metadata.annotations
  }
  assert.deepEqual(settled('+007'), { a: 'b', 'deprecated.deployment.rollback.to': '7' })
  assert.deepEqual(settled(''), { a: 'b' })
})

test('deployment/status keeps the rollback, which upstream counts as part of the spec', () => {
  const old = validateNew(deployment, newDeployment()).object
  const rollback = { 'deprecated.deployment.rollback.to': '3' }
  const write = (before: Deployment, annotations: Record<string, string>) =>
    validateSubresource(deployment, 'status', before, next => {
      next.metadata.annotations = annotations
    }).object.metadata.annotations
  assert.deepEqual(write(old, { ...rollback, a: 'b' }), { a: 'b' })
  assert.equal(write(old, rollback), undefined)
  assert.deepEqual(write({ ...old, metadata: { ...old.metadata, annotations: rollback } }, { a: 'b' }), { a: 'b', ...rollback })
})
