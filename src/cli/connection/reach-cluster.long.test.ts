import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { startCluster } from '../../cluster/start-cluster.ts'
import { type FoundKubeconfig, findKubeconfig } from './find-kubeconfig.ts'
import { noAnswer, notAccepted, reachCluster } from './reach-cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'reach-'))
/** The kubeconfig of a stopped cluster. */
const stopped = await kubeconfigOfStopped()
for (const name of ['admin.kubeconfig', 'other']) writeFileSync(join(folder, name), stopped)
after(() => rmSync(folder, { recursive: true }))

async function kubeconfigOfStopped(): Promise<string> {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  return await cluster.kubeconfig()
}

test('findKubeconfig() uses --kubeconfig, then --data-dir, then KUBECONFIG, then the default', async () => {
  const [own, other] = [join(folder, 'admin.kubeconfig'), join(folder, 'other')]
  const rows: readonly [string, Parameters<typeof findKubeconfig>, string][] = [
    ['the flag', [{ kubeconfig: other, dataDir: folder }, own, own], other],
    ['the data directory', [{ dataDir: folder }, other, other], own],
    ['the variable', [{}, other, own], other],
    ['the first file of the variable that is there', [{}, ['', join(folder, 'missing'), other, own].join(delimiter), own], other],
    ['nothing named', [{}, '', own], own],
  ]
  for (const [name, given, path] of rows) assert.equal((await findKubeconfig(...given)).path, path, name)
})

test('findKubeconfig() reports what is missing and what to name instead', async () => {
  const missing = join(folder, 'missing')
  const expected = {
    name: 'UserError',
    message: new RegExp(`^There is no kubeconfig "${missing}": .*--data-dir or the variable KUBECONFIG$`),
  }
  await assert.rejects(findKubeconfig({}, missing, join(folder, 'other')), expected)
  writeFileSync(join(folder, 'empty'), '')
  await assert.rejects(findKubeconfig({ kubeconfig: join(folder, 'empty') }), { name: 'UserError', message: /empty": .*empty/ })
  writeFileSync(join(folder, 'torn'), 'clusters: [')
  await assert.rejects(findKubeconfig({ kubeconfig: join(folder, 'torn') }), { name: 'UserError', message: /torn/ })
})

async function ask(found: FoundKubeconfig, signal = new AbortController().signal): Promise<unknown> {
  await using transport = reachCluster(found, 'test')
  return await transport.request({ method: 'GET', path: '/version' }, signal).catch((err: unknown) => err)
}

test('reachCluster() reports in one sentence which server does not answer', async () => {
  const found = await findKubeconfig({ kubeconfig: join(folder, 'other') })
  const err = await ask(found)
  assert.ok(err instanceof UserError)
  assert.match(
    err.message,
    /^The API server https:\/\/127\.0\.0\.1:\d+ of kubeconfig ".*other" does not answer \(nothing listens there\): start it/,
  )
})

test('reachCluster() distinguishes a server of another cluster from a missing one', async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const server = /"server": "(\S+)"/.exec(await cluster.kubeconfig())?.[1] ?? ''
  const { path, config } = await findKubeconfig({ kubeconfig: join(folder, 'other') })
  const err = await ask({ path, config: { ...config, server } })
  assert.ok(err instanceof UserError)
  assert.match(err.message, /^The server at https:\S+ does not belong to kubeconfig ".*other": .* \([A-Z_]+\)\. Use the right kubeconfig/)
})

test('reachCluster() names the kubeconfig that is not accepted, and when its certificate expired', async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  writeFileSync(join(folder, 'running'), await cluster.kubeconfig())
  const { path, config } = await findKubeconfig({ kubeconfig: join(folder, 'running') })
  const { certificate: _certificate, key: _key, ...unknown } = config
  const err = await ask({ path, config: { ...unknown, token: 'x' } })
  assert.ok(err instanceof UserError)
  assert.match(err.message, /^The API server https:\S+ does not accept the credentials of kubeconfig ".*running": use another one/)
  const farAway = Date.parse('2999-01-01T00:00:00Z')
  assert.match(notAccepted({ path, config }, farAway), /running" \(its client certificate expired at 2\d{3}-\d\d-\d\dT\S+Z\): use/)
  assert.doesNotMatch(notAccepted({ path, config }, 0), /ended/)
})

test('reachCluster() passes an interrupt on, and reports a server without an https URL', async () => {
  const found = await findKubeconfig({ kubeconfig: join(folder, 'other') })
  const reason = new Error('interrupted')
  assert.equal(await ask(found, AbortSignal.abort(reason)), reason)
  assert.throws(() => reachCluster({ ...found, config: { ...found.config, server: 'http://x' } }, 'test'), UserError)
  const expired = Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' })
  assert.match(noAnswer(found, expired), /cannot be verified with kubeconfig ".*other" \(certificate has expired\)/)
  assert.match(noAnswer(found, new Error('no answer within 10 ms')), /does not answer \(no answer within 10 ms\)/)
})
