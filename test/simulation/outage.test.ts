// An outage of the API server of two hours; of a day: `node test/simulation/outage.ts 24`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { run } from '../cluster.ts'

const script = fileURLToPath(new URL('outage.ts', import.meta.url))
/** Five nodes, two candidates of controllers with their informers: what they send anyway, and less than one that begins anew would. */
const mostInOneSecond = 200

test('containers run on through hours without an API server, the same pods are there afterwards, and nothing asks in a storm', async () => {
  const { code, stdout, stderr } = await run(process.execPath, [script, '2'])
  assert.equal(code, 0, stderr)
  const { busiest, tries, pods, containers, ...rest } = JSON.parse(stdout)
  assert.deepEqual(rest, { missingBefore: [], missingAfter: [], samePods: true, ranOn: true, sameContainers: true })
  assert.ok(pods > 10 && containers >= pods && tries > 0, stdout)
  assert.ok(busiest <= mostInOneSecond, stdout)
})
