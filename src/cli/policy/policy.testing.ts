// Files with policies in a temporary folder, and a policy about the sizes of ConfigMaps.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseJson } from '../../base/json.ts'

export class PolicyBench implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'policy-'))

  write(file: string, text: string): string {
    const path = join(this.#folder, file)
    writeFileSync(path, text)
    return path
  }

  /** Returns the exit code and the printed JSON. */
  async run<T>(what: (print: (text: string) => void, signal: AbortSignal) => Promise<number>): Promise<{ code: number; json: T }> {
    const lines: string[] = []
    const code = await what(text => lines.push(text), new AbortController().signal)
    return { code, json: parseJson(lines.join('\n')) as T }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }
}

/** Names must not be `x`, sizes only grow, and only `boss` deletes. */
export const policy = (action: string) => `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: sizes }
spec:
  matchConstraints:
    resourceRules: [{ apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE, DELETE], resources: [configmaps] }]
  validations:
    - { expression: "request.operation != 'CREATE' || object.metadata.name != 'x'", message: "x is not a name" }
    - { expression: "request.operation != 'UPDATE' || int(object.data.size) >= int(oldObject.data.size)", message: "it must not shrink" }
    - { expression: "request.operation != 'DELETE' || request.userInfo.username == 'boss' || 'bosses' in request.userInfo.groups", message: "only a boss deletes" }
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: sizes }
spec: { policyName: sizes, validationActions: [${action}] }
`
export const map = (name: string, size: number) =>
  `{ apiVersion: v1, kind: ConfigMap, metadata: { name: ${name}, namespace: team }, data: { size: "${size}" } }`
