import { ERROR_CATALOGUE, type ErrorCode, type ErrorDetail, GonaError, SpecErrors } from "@gona/model";
import { z } from "zod";

const location = z.object({ file: z.string(), line: z.int(), column: z.int(), path: z.string() });

const single = z.object({
  code: z.string().meta({ description: "a code of docs/errors.md" }),
  message: z.string(),
  detail: z.object({
    location: location.exactOptional(),
    found: z.string().exactOptional(),
    allowed: z.string().exactOptional(),
    hint: z.string().exactOptional(),
  }),
  cause: z.string().exactOptional().meta({ description: "what lay below it, innermost last" }),
});

/** What an error looks like on the wire; `all` holds every error where one pass found several. */
export const errorBodySchema = z.object({ error: single.extend({ all: z.array(single).exactOptional() }) });
export type ErrorBody = z.infer<typeof errorBodySchema>;
type SingleError = z.infer<typeof single>;

/** Only what is new: most errors quote their cause. */
function causesOf(error: Error): string | undefined {
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    const { message } = cause;
    if (![error.message, ...causes].some((said) => said.includes(message))) causes.push(message);
  }
  return causes.length === 0 ? undefined : causes.join(": ");
}

function toSingle(error: GonaError): SingleError {
  const { location, found, allowed, hint } = error.detail;
  const cause = causesOf(error);
  return {
    code: error.code,
    message: error.message,
    detail: {
      ...(location && { location }),
      ...(found !== undefined && { found }),
      ...(allowed !== undefined && { allowed }),
      ...(hint !== undefined && { hint }),
    },
    ...(cause !== undefined && { cause }),
  };
}

/** An error as it goes over the wire. */
export function toErrorBody(error: GonaError): ErrorBody {
  const body = toSingle(error);
  return { error: error instanceof SpecErrors ? { ...body, all: error.errors.map(toSingle) } : body };
}

const isCode = (code: string): code is ErrorCode => Object.hasOwn(ERROR_CATALOGUE, code);

function fromSingle(body: SingleError): GonaError {
  const detail: ErrorDetail = body.detail;
  const options = body.cause === undefined ? {} : { cause: new Error(body.cause) };
  // A newer daemon may know codes that this client does not.
  return isCode(body.code)
    ? new GonaError(body.code, body.message, detail, options)
    : new GonaError("BUG", `${body.code}: ${body.message}`, detail, options);
}

/** The error that a body stands for, as the daemon had it (causes flattened to one). */
export function fromErrorBody(body: ErrorBody): GonaError {
  const [first, ...rest] = body.error.all ?? [];
  return first === undefined ? fromSingle(body.error) : new SpecErrors([fromSingle(first), ...rest.map(fromSingle)]);
}

/** The HTTP status of an error: the one place that reads it from the catalogue. */
export const httpStatusOf = (error: GonaError): number => error.class.httpStatus;
