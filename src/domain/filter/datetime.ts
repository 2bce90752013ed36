/**
 * Dates as range bounds and payload texts spell them: RFC 3339, the same with a space or a zone written otherwise,
 * and forms without a zone, which are UTC. The engine reads payload texts by the same rules.
 * @see native/core/src/filter
 */

const day = '(\\d{4})-(\\d{2})-(\\d{2})'
const time = '(\\d{2}):(\\d{2})(?::(\\d{2})(?:\\.(\\d+))?)?'
const zone = ' ?(?:([Zz]|UTC)|([+-])(\\d{2})(?::?(\\d{2}))?)'
const form = new RegExp(`^${day}(?:[Tt ]${time}(${zone})?)?$`)

const secondMicros = 1_000_000n

/** @returns microseconds since 1970 in UTC, or undefined for what is no date */
export function parseDatetime(text: string): bigint | undefined {
  const match = form.exec(text)
  if (match === null) return undefined
  const number = (group: number) => Number(match[group] ?? 0)
  const [year, month, date] = [number(1), number(2), number(3)]
  const [hour, minute, second] = [number(4), number(5), number(6)]
  // A zone belongs to a whole time only.
  if (match[8] !== undefined && match[6] === undefined) return undefined
  if (month < 1 || month > 12 || date < 1 || date > daysOfMonth(year, month)) return undefined
  // 60 is a leap second.
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const [zoneHours, zoneMinutes] = [number(11), number(12)]
  if (zoneHours > 23 || zoneMinutes > 59) return undefined
  const zoneSeconds = (match[10] === '-' ? -1 : 1) * (zoneHours * 3600 + zoneMinutes * 60)
  const seconds =
    daysSinceEpoch(year, month, date) * 86_400 + hour * 3600 + minute * 60 + second - zoneSeconds
  const fraction = (match[7] ?? '').slice(0, 6).padEnd(6, '0')
  return BigInt(seconds) * secondMicros + BigInt(fraction)
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar. `Date.UTC` would take the years 0–99 for 1900–1999. */
function daysSinceEpoch(year: number, month: number, date: number): number {
  const start = new Date(0)
  start.setUTCFullYear(year, month - 1, date)
  return start.getTime() / 86_400_000
}
