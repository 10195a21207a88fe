import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { readKubeconfig } from '../../client/transport/kubeconfig.ts'
import { SteppedClock } from '../../cluster/tests/secured-api.testing.ts'
import { createMemorySigner } from '../../signer/memory-signer.ts'
import { keepAdminKubeconfig } from './admin-kubeconfig.ts'
import { ensureBreakGlassKubeconfig } from './break-glass-kubeconfig.ts'

const server = 'https://127.0.0.1:6443'
const day = 24 * 3600_000
const folder = mkdtempSync(join(tmpdir(), 'access-files-'))
after(() => rmSync(folder, { recursive: true }))

const subjectOf = (pem: string | undefined) => new X509Certificate(pem ?? '').subject.split('\n').toSorted()

test('keepAdminKubeconfig() writes a certificate of a day, and renews it in a file that the kubeconfig names', async () => {
  const path = join(folder, 'admin.kubeconfig')
  const clock = new SteppedClock()
  const signer = createMemorySigner({ clock })
  const stop = new AbortController()
  await keepAdminKubeconfig({ path, server, signer, clock, log: silentLogger }, stop.signal)
  const text = readFileSync(path, 'utf8')
  const first = await readKubeconfig(path)
  assert.deepEqual(subjectOf(first.certificate), ['CN=bulkhead-admin', 'O=system:bulkhead:administrators'])
  const { validToDate } = new X509Certificate(first.certificate ?? '')
  assert.ok(validToDate.getTime() - clock.now() <= day)
  for (const name of ['admin.kubeconfig', 'admin.pem']) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600)
  const certificate = async () => (await readKubeconfig(path)).certificate
  await until(() => clock.soonest < Number.POSITIVE_INFINITY, 'it waits for the renewal')
  clock.advance(0.95 * day)
  await until(async () => (await certificate()) !== first.certificate, 'another certificate')
  assert.ok(clock.now() < validToDate.getTime())
  assert.equal(readFileSync(path, 'utf8'), text)
  const second = await readKubeconfig(path)
  assert.ok(new X509Certificate(second.certificate ?? '').checkPrivateKey(createPrivateKey(second.key ?? '')))
  stop.abort('stop')
})

test('ensureBreakGlassKubeconfig() writes system:masters for its owner to read, and keeps it while it is valid for this cluster', async () => {
  const path = join(folder, 'break-glass.kubeconfig')
  const signer = createMemorySigner()
  const { signal } = new AbortController()
  const now = Date.now()
  await ensureBreakGlassKubeconfig(path, server, signer, now, signal)
  assert.equal(statSync(path).mode & 0o777, 0o400)
  const text = readFileSync(path, 'utf8')
  assert.deepEqual(subjectOf((await readKubeconfig(path)).certificate), ['CN=bulkhead-break-glass', 'O=system:masters'])
  const again = async (at: number, from = signer, address = server) => {
    await ensureBreakGlassKubeconfig(path, address, from, at, signal)
    return readFileSync(path, 'utf8')
  }
  assert.equal(await again(now), text)
  assert.notEqual(await again(now + 340 * day), text)
  const renewed = readFileSync(path, 'utf8')
  assert.notEqual(await again(now, createMemorySigner()), renewed)
  assert.notEqual(await again(now, signer, 'https://127.0.0.1:7443'), renewed)
  rmSync(path)
  writeFileSync(path, 'damaged')
  assert.notEqual(await again(now), 'damaged')
})
