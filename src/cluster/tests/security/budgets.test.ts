// A tenant with the roles `admin` or `edit` in its namespace tries to give its disruption budget room that the controller did not compute.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rbac, rbacGroup } from '../granted-rights.testing.ts'
import { contentTypes, person, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

for (const role of ['admin', 'edit'] as const) {
  test(`the role ${role} does not write what evictions trust: the status of a PodDisruptionBudget`, async () => {
    await using api = await SecuredApi.open()
    await api.create(`${rbac}/namespaces/default/rolebindings`, {
      metadata: { name: 'tenant' },
      subjects: [{ kind: 'User', apiGroup: rbacGroup, name: 'mallory' }],
      roleRef: { kind: 'ClusterRole', apiGroup: rbacGroup, name: role },
    })
    const mallory = person('mallory')
    const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
    const pods = '/api/v1/namespaces/default/pods'
    const claim = { observedGeneration: 9, disruptionsAllowed: 9, currentHealthy: 9, desiredHealthy: 1, expectedPods: 9 }
    const budget = { metadata: { name: 'b' }, spec: { minAvailable: 1, selector: {} }, status: claim }
    const whole = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', ...budget }
    assert.equal((await api.request(mallory, 'POST', budgets, budget)).status, 201)
    const { metadata } = (await api.request(mallory, 'GET', `${budgets}/b`)).json
    const labeled = { ...metadata, labels: { tried: 'put' } }
    const merge = { metadata: { labels: { tried: 'merge' } }, status: claim }
    for (const [method, body, type] of [
      ['PUT', { ...whole, metadata: labeled }, undefined],
      ['PATCH', merge, undefined],
      ['PATCH', [{ op: 'add', path: '/status/disruptionsAllowed', value: 9 }], contentTypes.jsonPatch],
      ['PATCH', whole, contentTypes.apply],
    ] as const) {
      const query = type === contentTypes.apply ? '?fieldManager=m&force=true' : ''
      assert.equal((await api.request(mallory, method, `${budgets}/b${query}`, body, type)).status, 200, method)
      assert.equal((await api.request(mallory, method, `${budgets}/b/status${query}`, body, type)).status, 403, method)
    }
    const { status } = (await api.request(mallory, 'GET', `${budgets}/b`)).json
    assert.deepEqual([status.disruptionsAllowed, status.observedGeneration], [0, undefined])

    await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
    await api.create(pods, restrictedPod('p'))
    const running = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }
    assert.equal((await api.request(mallory, 'PATCH', `${pods}/p/status`, running)).status, 403)
  })
}
