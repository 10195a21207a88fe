// What is wrong with the audit log now, for `bulkhead status`: a file beside the log, replaced when something changes.
import { join } from 'node:path'
import { type Clock, formatTime } from '../../base/clock.ts'
import { replaceFile } from '../../base/files/replace-file.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'

export const alarmsFileName = 'alarms.json'

export interface AuditAlarm {
  /** What it is about, such as `tampering` or `sink siem`. */
  readonly name: string
  readonly message: string
  /** RFC 3339. */
  readonly since: string
}

export class AuditAlarms {
  readonly #path: string
  readonly #clock: Clock
  readonly #log: Logger
  readonly #active = new Map<string, AuditAlarm>()
  #writing: Promise<void> = Promise.resolve()

  constructor(directory: string, clock: Clock, log: Logger) {
    this.#path = join(directory, alarmsFileName)
    this.#clock = clock
    this.#log = log
  }

  get active(): readonly AuditAlarm[] {
    return [...this.#active.values()]
  }

  /** Returns whether it is new. */
  raise(name: string, message: string): boolean {
    if (this.#active.get(name)?.message === message) return false
    this.#log.error('audit alarm', { alarm: name, reason: message })
    this.#active.set(name, { name, message, since: this.#active.get(name)?.since ?? formatTime(this.#clock.now()) })
    this.#write()
    return true
  }

  clear(name: string): void {
    if (!this.#active.delete(name)) return
    this.#log.info('audit alarm is over', { alarm: name })
    this.#write()
  }

  /** Resolves when the file is as it should be; also before the first alarm, so that those of an earlier run are gone. */
  async written(): Promise<void> {
    this.#write()
    await this.#writing
  }

  #write(): void {
    const text = `${writeJson({ alarms: this.active })}\n`
    // An alarm is in the log of the process in any case.
    this.#writing = this.#writing
      .then(() => replaceFile(this.#path, text))
      .catch((err: unknown) => this.#log.error('audit alarms not written', { err }))
  }
}

/** Throws a SyntaxError or TypeError for a file that is none. */
export function parseAlarms(text: string): AuditAlarm[] {
  const value = parseJson(text)
  if (!isJsonObject(value) || !Array.isArray(value['alarms'])) throw new TypeError('it has no list of alarms')
  return value['alarms'].map((alarm: unknown) => {
    if (!isJsonObject(alarm)) throw new TypeError('an alarm is no object')
    return { name: String(alarm['name']), message: String(alarm['message']), since: String(alarm['since']) }
  })
}
