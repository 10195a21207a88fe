// Runs `bulkhead check` on files in a temporary folder, with few checks beside admission.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { parseJson } from '../../base/json.ts'
import { type CheckFlags, check } from './check.ts'
import type { Finding } from './finding.ts'

export class CheckBench implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'check-'))
  readonly #noRules: string

  constructor() {
    // Only the check `image-tag` is on: these tests cover the command, not each check.
    const config =
      'apiVersion: check.bulkhead.dev/v1alpha1\nkind: CheckConfiguration\ndisable: [network-policy, resources, image-digest, read-only-root, token-automount]\n'
    this.#noRules = this.write('config/check.yaml', config)
  }

  write(file: string, text: string): string {
    const path = join(this.folder, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }

  async run(text: string | undefined, flags: CheckFlags = {}, ...paths: string[]): Promise<{ code: number; text: string }> {
    const lines: string[] = []
    const stdin = Readable.from([Buffer.from(text ?? '')])
    const context = {
      stdin,
      color: false,
      kubeconfig: '/nothing/here',
      now: Date.parse('2026-06-01T00:00:00Z'),
      print: (line: string) => lines.push(line),
      write: writeFileSync,
    }
    const all = text === undefined ? paths : ['-', ...paths]
    const code = await check({ config: this.#noRules, ...flags }, all, context, new AbortController().signal)
    return { code, text: lines.join('\n') }
  }

  async findings(text: string, flags: CheckFlags = {}): Promise<readonly Finding[]> {
    const { text: json } = await this.run(text, { ...flags, output: 'json' })
    return (parseJson(json) as { findings: Finding[] }).findings
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true })
  }
}

export const restricted = `
  securityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }
  containers:
    - name: c
      image: app:1
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
`
export const pod = (name: string, spec = restricted, metadata = '') => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}${metadata} }
spec:${spec}`
export const bare = `
  containers:
    - name: c
      image: app:1
`
