// A target in memory, for tests that damage it.
import { BackupFault } from './backup-fault.ts'
import { requireName, type Target } from './targets/target.ts'

export class MemoryTarget implements Target {
  readonly files = new Map<string, Buffer>()
  readonly place = 'the memory'
  /** Set to let the next writes fail. */
  failure: string | undefined

  async put(name: string, content: Buffer): Promise<void> {
    requireName(name)
    if (this.failure !== undefined) throw new BackupFault('target', `Cannot write "${name}" in the memory: ${this.failure}`)
    const known = this.files.get(name)
    if (known !== undefined && !known.equals(content)) throw new BackupFault('target', `"${name}" exists with another content`)
    this.files.set(name, content)
  }

  async get(name: string): Promise<Buffer | undefined> {
    return this.files.get(name)
  }

  async list(folder: string): Promise<string[]> {
    return [...this.files.keys()].filter(name => name.startsWith(`${folder}/`)).sort()
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name)
  }

  copy(): MemoryTarget {
    const copy = new MemoryTarget()
    for (const [name, content] of this.files) copy.files.set(name, content)
    return copy
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}
