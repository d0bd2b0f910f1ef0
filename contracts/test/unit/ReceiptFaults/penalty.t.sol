// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReceiptFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {Receipt} from "../../../src/libraries/ReceiptTypes.sol";
import {FaultsFixture} from "../../support/FaultsFixture.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @notice Stakes that cannot be slashed, callers who come in again, and calls that are starved of gas.
contract PenaltyTest is FaultsFixture {
    IReceiptFaults.Fault private constant FAULT = IReceiptFaults.Fault.SandboxReceipt;
    bytes32 private proof;
    bytes32 private batchId;

    function _faulty() private returns (IReceiptFaults.Evidence memory) {
        Receipt[] memory made = _run(lane, 1, 3);
        made[1].mode = 1;
        proof = keccak256(abi.encode(FAULT, lane, uint64(2)));
        batchId = _postRun(made);
        return _batched(made, 1);
    }

    function test_an_empty_stake_does_not_shield_the_lane() public {
        IReceiptFaults.Evidence memory e = _faulty();
        stakes.empty(GATEWAY, true);
        vm.expectEmit(address(faults));
        emit IReceiptFaults.FaultProven(FAULT, lane, proof, 0);
        assertEq(faults.proveSandbox(e), bytes32(0), "no slash");
        _assertFaulty(batchId);
        assertTrue(!faults.isPunished(proof), "not punished");
        _nothingNew(proof, FAULT, e, e);
        // Once there is stake again, the same proof takes its penalty.
        stakes.empty(GATEWAY, false);
        assertEq(faults.proveSandbox(e), _slashId(proof), "slash");
        assertTrue(faults.isPunished(proof), "punished");
        _assertSlashes(1);
        _nothingNew(proof, FAULT, e, e);
    }

    function test_nobody_comes_in_again() public {
        IReceiptFaults.Evidence memory e = _faulty();
        stakes.setHook(address(faults), abi.encodeCall(faults.proveSandbox, (e)));
        faults.proveSandbox(e);
        assertTrue(stakes.hookRefused(), "refused");
        _assertSlashes(1);
    }

    function test_the_guard_is_what_refuses() public {
        IReceiptFaults.Evidence memory e = _faulty();
        stakes.setHook(address(this), abi.encodeCall(this.again, (e)));
        faults.proveSandbox(e);
        assertTrue(!stakes.hookRefused(), "the hook ran");
    }

    function again(IReceiptFaults.Evidence memory e) external {
        vm.expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        faults.proveSandbox(e);
    }

    /// @notice However little gas a caller gives: either nothing happens, or the fault can still be punished, or it is.
    function testFuzz_starving_gains_nothing(uint256 gas_) public {
        IReceiptFaults.Evidence memory e = _faulty();
        gas_ = bound(gas_, 20_000, 400_000);
        (bool ok,) = address(faults).call{gas: gas_}(abi.encodeCall(faults.proveSandbox, (e)));
        if (!ok) assertTrue(!faults.isPunished(proof), "nothing happened");
        if (!faults.isPunished(proof)) faults.proveSandbox(e);
        _assertFaulty(batchId);
        _assertSlashes(1);
    }

    function testFuzz_anyone_may_prove(address caller) public {
        IReceiptFaults.Evidence memory e = _faulty();
        vm.prank(caller);
        faults.proveSandbox(e);
        _assertSlashes(1);
    }
}
