import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

test('loadX509() leaves a process in which reflect-metadata works', async () => {
  const script = `
    const { loadX509 } = await import(${JSON.stringify(new URL('x509.ts', import.meta.url).href)})
    const { X509Certificate } = await loadX509()
    await import('reflect-metadata')
    class Example { method() {} }
    Reflect.defineMetadata('role', 'admin', Example)
    Reflect.defineMetadata('role', 'user', Example.prototype, 'method')
    console.log(typeof X509Certificate, Reflect.getMetadata('role', Example), Reflect.getMetadata('role', Example.prototype, 'method'))`
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--disable-warning=ExperimentalWarning',
    '-e',
    script,
  ])
  assert.equal(stdout, 'function admin user\n')
})
