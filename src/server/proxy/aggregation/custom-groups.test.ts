import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crds, install, waitFor } from '../../custom-resources/widgets.testing.ts'
import { TestServer } from '../../testing.ts'
import { managedLabel, planRegistration, type RegistrationPlan } from './custom-groups.ts'
import type { ApiServiceObject } from './registered-api.ts'

const apiServices = '/apis/apiregistration.k8s.io/v1/apiservices'
const apiService = (label: string | undefined, spec: object = {}): ApiServiceObject => ({
  metadata: { name: 'v1.example.com', ...(label === undefined ? {} : { labels: { [managedLabel]: label } }) },
  spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100, ...spec },
})

const rows: readonly [name: string, served: boolean, existing: ApiServiceObject | undefined, plan: RegistrationPlan][] = [
  ['served and not registered', true, undefined, 'create'],
  ['neither served nor registered', false, undefined, 'none'],
  ['served and registered', true, apiService('true'), 'none'],
  ['served and changed', true, apiService('true', { versionPriority: 1 }), 'restore'],
  ['served and led elsewhere', true, apiService('true', { service: { namespace: 'a', name: 'b' } }), 'restore'],
  ['not served any more', false, apiService('true'), 'delete'],
  ['an APIService of a user', true, apiService(undefined, { versionPriority: 1 }), 'none'],
  ['an APIService of a user for an unserved group', false, apiService(undefined), 'none'],
  ['made at the start only', false, apiService('onstart'), 'none'],
]
for (const [name, served, existing, plan] of rows)
  test(`planRegistration(): ${name}`, () => assert.equal(planRegistration(served, existing), plan))

/** Waits until the APIService satisfies the condition; `undefined` stands for a deleted one. */
async function until(api: TestServer, is: (spec: Record<string, unknown> | undefined) => boolean): Promise<void> {
  const watch = await api.watch(`${apiServices}?watch=true&fieldSelector=metadata.name=v1.example.com`)
  const { status, json } = await api.get(`${apiServices}/v1.example.com`)
  let holds = is(status === 404 ? undefined : json.spec)
  while (!holds) {
    const event = await watch.next()
    if (event === undefined) throw new Error('the watch ended')
    holds = is(event.type === 'DELETED' ? undefined : event.object.spec)
  }
  watch.close()
}

test('a group version of custom resources is registered, maintained, and removed with its definition', async () => {
  await using api = new TestServer()
  await install(api)
  await until(api, spec => spec?.['versionPriority'] === 100 && spec['groupPriorityMinimum'] === 1000)
  const { json } = await api.get(`${apiServices}/v1.example.com`)
  assert.equal(json.metadata.labels[managedLabel], 'true')
  assert.equal(json.status.conditions[0].reason, 'Local')
  const changed = await api.request('PATCH', `${apiServices}/v1.example.com`, { spec: { versionPriority: 7 } })
  assert.equal(changed.status, 200, changed.text)
  await until(api, spec => spec?.['versionPriority'] === 100)
  await api.request('DELETE', `${apiServices}/v1.example.com`)
  await until(api, spec => spec !== undefined)
  await api.request('DELETE', `${crds}/widgets.example.com`)
  await waitFor(api, 'widgets.example.com', definition => definition === undefined)
  await until(api, spec => spec === undefined)
})
