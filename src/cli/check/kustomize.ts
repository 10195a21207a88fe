// What kustomize makes of a folder, through the kubectl that is installed.
import { execFile } from 'node:child_process'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { maxFileBytes } from './sources.ts'

const kustomizeTimeoutMs = 60_000

/** Plugins that run programs, and Helm charts, stay off, as they are by kubectl's default. */
export function kustomize(folder: string, kubectl = 'kubectl'): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const options = { encoding: 'utf8', maxBuffer: maxFileBytes, timeout: kustomizeTimeoutMs } as const
  execFile(kubectl, ['kustomize', folder], options, (err, stdout, stderr) => {
    if (err === null) resolve(stdout)
    else reject(new UserError(problem(folder, err, stderr), { cause: err }))
  })
  return promise
}

function problem(folder: string, err: Error & { killed?: boolean }, stderr: string): string {
  const code = codeOf(err)
  if (code === 'ENOENT')
    return `"${folder}" has a kustomization, and kubectl, which builds it, is not installed: install it, or pipe "kustomize build ${folder}" into "bulkhead check -"`
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `kustomize made more than ${maxFileBytes} bytes of "${folder}"`
  if (err.killed === true) return `kustomize took more than ${kustomizeTimeoutMs / 1000} s for "${folder}"`
  return `kustomize cannot build "${folder}": ${stderr.trim() || messageOf(err)}`
}
