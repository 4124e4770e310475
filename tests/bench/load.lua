-- What wrk asks for: -- get COOKIE CSRF FIRST LAST | list … | create COOKIE CSRF FILE | floor
local mode, headers, first, last
local bodies, at = {}, 0

local requests = {
  floor = function() return wrk.format("GET", "/") end,
  get = function()
    return wrk.format("GET", "/api/v1/contacts.person/" .. math.random(first, last), headers)
  end,
  list = function()
    return wrk.format("GET", "/api/v1/contacts.person?limit=50&sort=-created_at", headers)
  end,
  create = function()
    at = at % #bodies + 1
    return wrk.format("POST", "/api/v1/contacts.person", headers, bodies[at])
  end,
}

function init(args)
  mode = args[1]
  if mode == "floor" then return end
  headers = { ["Cookie"] = args[2], ["X-CSRF-Token"] = args[3], ["Content-Type"] = "application/json" }
  if mode == "create" then
    for line in io.lines(args[4]) do bodies[#bodies + 1] = line end
  elseif mode == "get" then
    first, last = tonumber(args[4]), tonumber(args[5])
  end
  math.randomseed(7)
end

function request() return requests[mode]() end
