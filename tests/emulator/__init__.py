"""An AWS for tests: moto's own application, made honest.

moto answers almost every API, but it checks no signature, never shows an
operation in progress, a rollback or a throttled call, and tells nobody what it
was asked. This package wraps moto's WSGI application with what is missing:

    server.py         cheroot with kept connections and the raw request
    application.py    the way of one call through all checks
    call.py           what a request asks for, in any of AWS's protocols
    identities.py     access keys: whose they are, their secret, their end
    signature.py      every signature recomputed by botocore
    faults.py         deny, throttle, delay, garble, lose: on request
    answers.py        error answers in the dialect of each protocol
    stacks.py         CloudFormation's API: what a request must be
    lifecycle.py      what happens to a stack then, on moto's resources
    describe.py       the answer of DescribeStacks
    templates.py      what CloudFormation refuses before it starts
    call_log.py       one line of NDJSON a call
    control.py        the HTTP API under /_emulator/
    warm_up.py        imports before the first call what it would import
    lifeline.py       ends with its parent
    process.py        starts and stops all this from a test
    organization.py   an organization of N accounts, in seconds
"""
