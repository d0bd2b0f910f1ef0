// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IParamGovernor} from "../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../src/interfaces/IProviderRegistry.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {Params} from "../../src/libraries/Params.sol";
import {ProviderRegistry} from "../../src/providers/ProviderRegistry.sol";
import {Test} from "../support/Test.sol";
import {QuorumGovernorDouble} from "../support/doubles/QuorumGovernorDouble.sol";
import {QuorumStakesDouble} from "../support/doubles/QuorumStakesDouble.sol";

/// @notice One provider, an arbiter who suspends whenever it is let, and an operator key that is sometimes a thief's.
contract ProvidersHandler is Test {
    ProviderRegistry public immutable REGISTRY;
    QuorumGovernorDouble private immutable PARAMS = new QuorumGovernorDouble();
    QuorumStakesDouble private immutable STAKES = new QuorumStakesDouble();
    bytes32 public immutable ID;
    address public operator = address(0xa11ce);

    // The ghost ledger: intervals of suspension, and when what holds now was proposed.
    uint64[] public suspendedFrom;
    uint64[] public suspendedTo;
    uint64 public payoutProposedAt;
    uint64 public payoutDelay;
    bool public hurried;

    constructor() {
        AccessManager manager = new AccessManager(address(this));
        REGISTRY = new ProviderRegistry(address(manager), IParamGovernor(address(PARAMS)), IStakeManager(address(STAKES)));
        PARAMS.set(Params.PAYOUT_DELAY, 2 days);
        vm.prank(operator);
        ID = REGISTRY.register("salt", address(1), address(2), "tariff");
        STAKES.stakeProvider(ID, true);
    }

    function wait(uint256 seconds_) external {
        vm.warp(block.timestamp + bound(seconds_, 1, 20 days));
    }

    function suspend(uint256 seconds_) external {
        if (block.timestamp < REGISTRY.suspensionOpenAt(ID)) return;
        uint64 until = uint64(block.timestamp + bound(seconds_, 1, 30 days));
        REGISTRY.suspend(ID, until, "reason");
        suspendedFrom.push(uint64(block.timestamp));
        suspendedTo.push(until);
    }

    function reinstate() external {
        if (block.timestamp >= REGISTRY.providerOf(ID).suspendedUntil) return;
        REGISTRY.reinstate(ID);
        suspendedTo[suspendedTo.length - 1] = uint64(block.timestamp);
    }

    function setDelay(uint256 delay) external {
        PARAMS.set(Params.PAYOUT_DELAY, bound(delay, 1 days, 30 days));
    }

    function proposePayout(uint160 payout) external {
        vm.prank(operator);
        REGISTRY.proposePayout(ID, address(uint160(bound(payout, 1, type(uint160).max))));
        payoutProposedAt = uint64(block.timestamp);
        payoutDelay = uint64(PARAMS.get(Params.PAYOUT_DELAY));
    }

    function applyPayout() external {
        (address payout,) = REGISTRY.pendingPayout(ID);
        if (payout == address(0)) return;
        bool due = block.timestamp >= payoutProposedAt + payoutDelay;
        (bool ok,) = address(REGISTRY).call(abi.encodeCall(REGISTRY.applyPayout, (ID)));
        if (ok != due) hurried = true;
    }

    function proposeOperator(uint160 next) external {
        vm.prank(operator);
        REGISTRY.proposeOperator(ID, address(uint160(bound(next, 1, type(uint160).max))));
    }

    function acceptOperator() external {
        (address next, uint64 holdsAt) = REGISTRY.pendingOperator(ID);
        if (next == address(0) || block.timestamp < holdsAt) return;
        vm.prank(next);
        REGISTRY.acceptOperator(ID);
        operator = next;
    }

    function retire() external {
        // Seldom: most of a run is about a provider that works.
        if (block.timestamp % 16 != 0 || REGISTRY.providerOf(ID).status == IProviderRegistry.Status.Retired) return;
        vm.prank(operator);
        REGISTRY.retire(ID);
    }

    function suspensions() external view returns (uint256) {
        return suspendedFrom.length;
    }
}

contract ProvidersInvariantTest is Test {
    ProvidersHandler private handler;
    ProviderRegistry private registry;
    bytes32 private id;

    function setUp() public {
        vm.warp(1_767_225_600);
        handler = new ProvidersHandler();
        (registry, id) = (handler.REGISTRY(), handler.ID());
        _targetContract(address(handler));
    }

    /// Between two suspensions lie at least 30 days, and none is longer: in no 60 days is a provider held back for more than 30.
    function invariant_heldBackForHalfTheTimeAtMost() public view {
        uint256 count = handler.suspensions();
        for (uint256 i = 0; i < count; ++i) {
            assertLe(handler.suspendedTo(i) - handler.suspendedFrom(i), 30 days, "length");
            if (i > 0) assertGe(handler.suspendedFrom(i), handler.suspendedTo(i - 1) + 30 days, "rest");
        }
    }

    /// Held back exactly while a suspension runs (its stake is there throughout), retired or not.
    function invariant_paidUnlessSuspended() public view {
        uint256 count = handler.suspensions();
        bool runs = count != 0 && block.timestamp < handler.suspendedTo(count - 1);
        assertTrue(registry.isPayable(id) != runs, "payable");
        bool retired = registry.providerOf(id).status == IProviderRegistry.Status.Retired;
        assertTrue(registry.isActive(id) == (!runs && !retired), "active");
    }

    function invariant_noPayoutBeforeItsTime() public view {
        assertTrue(!handler.hurried(), "applied early or held up");
    }

    function invariant_operatorIsWhoAccepted() public view {
        assertEq(registry.operatorOf(id), handler.operator(), "operator");
    }
}
