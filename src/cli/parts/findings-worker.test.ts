// The thread of the part as it runs: an image on disk is read in a process without rights, kept, and found again after a restart.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { FindingsThread } from '../../artifacts/findings/findings-thread.ts'
import { threadModule } from '../../base/async/thread-queue.ts'
import { UserError } from '../../base/user-error.ts'
import { imageOf } from '../../supply-chain/oci/image-of.testing.ts'
import { copyToLayout } from '../../supply-chain/oci/sources/copy-to-layout.ts'
import { writeTar } from '../../supply-chain/oci/tar/write-tar.ts'
import type { FindingsWorkerData } from './findings-worker.ts'

const { signal } = new AbortController()

function scratch(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'findings-worker-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const data: FindingsWorkerData = { folder: join(folder, 'known'), advisories: [join(folder, 'advisories')] }
  return { folder, open: () => new FindingsThread(threadModule('findings-worker', import.meta.url), data) }
}

test('FindingsThread reads an image apart, keeps it, and answers after a restart', async t => {
  const { folder, open } = scratch(t)
  const status = 'Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: 3.0.8-1\n\n'
  const release = 'ID=debian\nVERSION_ID="12"\n'
  const layer = writeTar([
    { path: 'etc/os-release', mode: 0o644, content: Buffer.from(release) },
    { path: 'var/lib/dpkg/status', mode: 0o644, content: Buffer.from(status) },
  ])
  const { source, image } = await imageOf([layer])
  const layout = join(folder, 'layout')
  mkdirSync(layout)
  await copyToLayout(source, image, 'image', layout, signal)
  const { digest } = image.descriptor
  {
    await using findings = open()
    assert.deepEqual(await findings.load(signal), [])
    const report = await findings.scan(digest, layout, signal)
    assert.deepEqual([report.sbom.source, report.sbom.packages, report.sbom.skipped], ['Image', 1, 0])
    await assert.rejects(findings.scan(digest, join(folder, 'missing'), signal), UserError)
  }
  await using findings = open()
  assert.deepEqual(
    (await findings.load(signal)).map(report => report.digest),
    [digest],
  )
  assert.deepEqual(await findings.where('openssl@3.0.8-1', signal), { hits: [{ image: digest, packages: ['libssl3 3.0.8-1'] }], more: 0 })
  const stop = new AbortController()
  stop.abort(new Error('given up'))
  await assert.rejects(findings.where('x', stop.signal), /given up/)
})

test('FindingsThread rejects what waits, and says so, when its thread fails', async () => {
  await using findings = new FindingsThread(new URL('data:text/javascript,throw new Error("broken")'), {})
  await assert.rejects(findings.failure, /thread of findings failed/)
  await assert.rejects(findings.load(signal), /thread of findings failed/)
})
