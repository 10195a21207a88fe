// A logger for requests about objects whose content stays out of logs.
import { type Logger, type LogValues, withoutMessage } from '../../base/log.ts'

export function withoutMessages(log: Logger): Logger {
  return {
    error: (message, values) => log.error(message, redactedValues(values)),
    info: (message, values) => log.info(message, redactedValues(values)),
    debug: (message, values) => log.debug(message, redactedValues(values)),
    with: values => withoutMessages(log.with(redactedValues(values))),
  }
}

const redactedValues = (values: LogValues = {}): LogValues => ('err' in values ? { ...values, err: withoutMessage(values['err']) } : values)
