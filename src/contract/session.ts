/** Whether a browser is signed in. */
import Type, { type Static } from 'typebox';
import { LIMITS } from './limits.ts';
import { nullable, timestamp } from './schema.ts';

/** What `POST /session` takes. */
export const SignIn = Type.Object(
  {
    key: Type.String({
      minLength: 1,
      maxLength: LIMITS.apiKeyCharacters,
      description: 'One of the API keys of the service.',
    }),
    next: Type.Optional(
      Type.String({
        maxLength: LIMITS.urlCharacters,
        description: 'Forms: the path of this service that the browser is sent to.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type SignIn = Static<typeof SignIn>;

/** What `GET /session` gives. */
export const Session = Type.Object(
  {
    key_required: Type.Boolean({ description: 'Whether this service asks for API keys at all.' }),
    signed_in: Type.Boolean({ description: "Whether the request's cookie lets it in; true where no key is required." }),
    expires_at: nullable(timestamp('When the cookie ends; null where there is none.')),
    key: nullable(Type.String(), { description: 'Name of the key that it was made with; null where there is none.' }),
    scopes: Type.Array(Type.String(), { description: 'What it may do: `submit`, `read`, `admin` (all, of all keys).' }),
  },
  {
    $id: 'Session',
    examples: [
      {
        key_required: true,
        signed_in: true,
        expires_at: '2026-03-08T12:00:00.000Z',
        key: 'search',
        scopes: ['submit', 'read'],
      },
    ],
  },
);
export type Session = Static<typeof Session>;
