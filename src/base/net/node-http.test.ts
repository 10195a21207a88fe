import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

for (const source of ['server/http/listener.ts', 'node/agent.ts', 'controllers/index.ts', 'network/dns/run-dns.ts'])
  test(`src/${source} loads no second HTTP client`, () => {
    const url = new URL(`../../${source}`, import.meta.url).href
    const script = `await import(${JSON.stringify(url)}); console.log(process.moduleLoadList.filter(name => name.includes('undici/')).length)`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    assert.equal(stdout.trim(), '0', stderr)
  })
